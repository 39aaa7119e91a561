// The page: what is pressed, drawn and dropped goes to the trainer, what it says to the page.
import {drawCurves, drawHistogram} from "./charts.js";
import {Drawing, showSample, turned} from "./drawing.js";
import {EPOCHS} from "./learner.js";
import {openTrainer} from "./remote.js";
import {parseSamples} from "./samples.js";

const $ = (id) => document.getElementById(id);
const percent = (share) => `${(100 * share).toFixed(1)}%`;

let data;
let trainer;
let model; // what the trainer told of the file that Start again returns to, and the file
let accuracies = [];
let histogram;
let shown = null; // a test sample instead of a drawing
let isTraining = true; // until there is something to train
let lessons = 0; // that are being taught
let panel; // of the board, once it was asked for

async function fetched(name) {
    const response = await fetch(name);
    if (!response.ok) {
        throw new Error(`${name}: the server answered ${response.status}; reload the page`);
    }
    return new Uint8Array(await response.arrayBuffer());
}

async function load(file) {
    model = {...await trainer.load(file), file}; // throws before anything changes
    accuracies = [model];
    histogram = model.histogram;
    showModel();
    showProgress(`Before training: ${told(model)} of the test digits are recognised.`);
}

function told({int8, float32}) {
    return float32 === null ? `int8 ${percent(int8)}, no float32 twin for this network` :
        `int8 ${percent(int8)}, float32 ${percent(float32)}`;
}

function showModel() {
    const {name, layers, inputShape, memory} = model;
    $("memory").textContent = `${name}: training takes ${memory.toLocaleString("en")} bytes of RAM on a board, weights ` +
        "included";
    const rows = [{name: "input", outputShape: inputShape, parameters: 0}, ...layers];
    $("layers").replaceChildren(...rows.map((layer) => {
        const row = document.createElement("tr");
        const cells = [layer.name, layer.outputShape.join("×"), layer.parameters.toLocaleString("en")];
        row.append(...cells.map((text) => Object.assign(document.createElement("td"), {textContent: text})));
        return row;
    }));
}

function showProgress(text) {
    $("progress").textContent = text;
    showCharts();
    showGuess();
}

function showCharts() {
    drawCurves($("curves"), accuracies, EPOCHS);
    drawHistogram($("histogram"), histogram, model.histogram);
    panel?.paint();
}

function seen() {
    const sample = shown ?? drawing.sample();
    return $("sideways").checked ? turned(sample) : sample;
}

const isEmpty = () => shown === null && drawing.isEmpty;

function showGuess() {
    showSample($("seen"), seen());
    document.querySelectorAll("#labels button").forEach((button) => { button.disabled = isEmpty() || isTraining; });
    $("clear").disabled = isEmpty();
    guess();
}

// One question at a time: while it is answered, only the newest is kept.
let isAsking = false;
let asksAgain = false;

async function guess() {
    if (isAsking) {
        asksAgain = true;
        return;
    }
    isAsking = true;
    try {
        do {
            asksAgain = false;
            const look = isEmpty() || !model ? null : await trainer.look(seen());
            $("guess").textContent = look ? `It sees a ${look.guess} (${percent(look.shares[look.guess])} sure).` :
                "Draw, or show a test digit.";
            showBars(look ? look.shares : new Array(10).fill(0));
        } while (asksAgain);
    } finally {
        isAsking = false;
    }
}

function showBars(shares) {
    [...$("bars").children].forEach((bar, i) => { bar.firstChild.style.height = `${100 * shares[i] * 0.7}%`; });
}

// tell: called with what the trainer reports. Resolves with the trained model's file.
async function train(tell) {
    setTraining(true);
    accuracies = accuracies.slice(-1);
    const start = performance.now();
    try {
        await trainer.train((report) => {
            tell?.(report);
            if ("int8" in report) {
                accuracies.push(report);
                histogram = report.histogram;
                showProgress(`Epoch ${report.epoch} of ${EPOCHS}: ${told(report)}.`);
            }
        });
        const seconds = ((performance.now() - start) / 1000).toFixed(1);
        showProgress(`Trained in ${seconds} seconds. Test digits recognised: ${told(accuracies.at(-1))}, ` +
            `before ${percent(accuracies[0].int8)}.`);
        return await trainer.toBytes();
    } finally {
        setTraining(false);
    }
}

function setTraining(value) {
    isTraining = value;
    showButtons();
    showGuess();
}

function showButtons() {
    for (const id of ["train", "reset", "save", "file", "board-train"]) {
        $(id).disabled = isTraining || lessons > 0;
    }
}

async function teach(label) {
    ++lessons;
    showButtons();
    try {
        const taught = await trainer.teach(seen(), label);
        accuracies[accuracies.length - 1] = taught;
        histogram = taught.histogram;
        showProgress(`Taught: this is a ${label}. Now ${told(taught)} of the test digits.`);
    } finally {
        --lessons;
        showButtons();
    }
}

async function loadFile(file) {
    if (file && !isTraining && lessons === 0) {
        await load(new Uint8Array(await file.arrayBuffer()));
    }
}

async function save() {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([await trainer.toBytes()]));
    link.download = `${model.name || "model"}.fqt`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

// What an action throws is shown; the next one takes it away.
function guarded(action) {
    return async (event) => {
        $("trouble").textContent = "";
        try {
            await action(event);
        } catch (error) {
            $("trouble").textContent = error.message;
        }
    };
}

const drawing = new Drawing($("pad"), () => {
    shown = null;
    showGuess();
});

function connect() {
    for (let label = 0; label < 10; ++label) {
        const button = Object.assign(document.createElement("button"), {type: "button", textContent: label});
        button.addEventListener("click", guarded(() => teach(label)));
        $("labels").append(button);
        const bar = document.createElement("span");
        bar.append(document.createElement("i"), label);
        $("bars").append(bar);
    }
    $("clear").addEventListener("click", () => drawing.clear());
    $("sample").addEventListener("click", () => {
        drawing.clear();
        const {test} = data;
        shown = turned(turned(turned(test.sample(Math.floor(Math.random() * test.count))))); // upright
        showSample($("pad"), shown);
        showGuess();
    });
    $("sideways").addEventListener("change", showGuess);
    $("train").addEventListener("click", guarded(() => train()));
    $("reset").addEventListener("click", guarded(() => load(model.file)));
    $("save").addEventListener("click", guarded(save));
    $("board-train").addEventListener("click", guarded(trainOnBoard));
    $("file").addEventListener("change", guarded((event) => loadFile(event.target.files[0])));
    document.addEventListener("dragover", (event) => event.preventDefault());
    document.addEventListener("drop", guarded((event) => {
        event.preventDefault();
        return loadFile(event.dataTransfer.files[0]);
    }));
    window.addEventListener("resize", () => model && showCharts());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
        drawing.paint();
        model && showCharts();
    });
}

// What js/board needs of the page. It is loaded when it is needed.
async function trainOnBoard() {
    const {Panel} = await import("./board/panel.js");
    panel ??= new Panel({
        fetched, samples: data.train, train, showButtons,
        hold: () => setTraining(true),
        release: () => setTraining(false),
        toBytes: () => trainer.toBytes(),
        kinds: () => model.layers.map(({kind}) => kind),
        name: () => model.name || "model",
    });
    await panel.start();
}

async function start() {
    connect();
    $("board").dataset.serial = "serial" in navigator;
    const [core, samples, file] = await Promise.all(["fqt.wasm", "samples.bin", "digits.fqt"].map(fetched));
    data = parseSamples(samples);
    trainer = await openTrainer(core, samples);
    await load(file);
    setTraining(false);
}

guarded(start)();
