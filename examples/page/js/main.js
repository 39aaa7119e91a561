// The page: what is pressed, drawn and dropped goes to the learner, what it says to the page.
import {drawCurves, drawHistogram, histogramOf} from "./charts.js";
import {Drawing, showSample, turned} from "./drawing.js";
import {softmax} from "./float32.js";
import {EPOCHS, Learner} from "./learner.js";
import {parseModel} from "./model_file.js";
import {parseSamples} from "./samples.js";

const $ = (id) => document.getElementById(id);
const percent = (share) => `${(100 * share).toFixed(1)}%`;
const nextFrame = () => new Promise((done) => { setTimeout(done); });

let module;
let data;
let learner;
let original; // the file that Start again returns to
let weightsBefore;
let accuracies = [];
let shown = null; // a test sample instead of a drawing
let isTraining = false;

async function fetched(name) {
    const response = await fetch(name);
    if (!response.ok) {
        throw new Error(`${name}: the server answered ${response.status}; reload the page`);
    }
    return new Uint8Array(await response.arrayBuffer());
}

function load(file) {
    learner = new Learner(module, file, data); // throws before anything changes
    original = file;
    weightsBefore = histogramOf(learner.layers.layers);
    accuracies = [learner.evaluate()];
    showModel();
    showProgress(`Before training: ${told(accuracies[0])} of the test digits are recognised.`);
}

function told({int8, float32}) {
    return float32 === null ? `int8 ${percent(int8)}, no float32 twin for this network` :
        `int8 ${percent(int8)}, float32 ${percent(float32)}`;
}

function showModel() {
    const {name, layers, inputShape} = learner.layers;
    $("memory").textContent = `${name}: training takes ${learner.int8.memory.toLocaleString("en")} bytes of RAM on a ` +
        "board, weights included";
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
    drawHistogram($("histogram"), histogramOf(parseModel(learner.int8.toBytes()).layers), weightsBefore);
}

function seen() {
    const sample = shown ?? drawing.sample();
    return $("sideways").checked ? turned(sample) : sample;
}

function showGuess() {
    const isEmpty = shown === null && drawing.isEmpty;
    showSample($("seen"), seen());
    document.querySelectorAll("#labels button").forEach((button) => { button.disabled = isEmpty || isTraining; });
    $("clear").disabled = isEmpty;
    if (isEmpty || !learner) {
        $("guess").textContent = "Draw, or show a test digit.";
        showBars(new Array(10).fill(0));
        return;
    }
    const shares = softmax(learner.int8.scores(seen()));
    const guess = learner.int8.predict(seen());
    $("guess").textContent = `It sees a ${guess} (${percent(shares[guess])} sure).`;
    showBars(Array.from(shares.slice(0, 10)));
}

function showBars(shares) {
    [...$("bars").children].forEach((bar, i) => { bar.firstChild.style.height = `${100 * shares[i] * 0.7}%`; });
}

async function train() {
    setTraining(true);
    accuracies = [learner.evaluate()];
    const start = performance.now();
    try {
        for (const epoch of learner.fit()) {
            accuracies.push(epoch);
            showProgress(`Epoch ${epoch.epoch} of ${EPOCHS}: ${told(epoch)}.`);
            await nextFrame();
        }
        const seconds = ((performance.now() - start) / 1000).toFixed(1);
        showProgress(`Trained in ${seconds} seconds. Test digits recognised: ${told(accuracies.at(-1))}, ` +
            `before ${percent(accuracies[0].int8)}.`);
    } finally {
        setTraining(false);
    }
}

function setTraining(value) {
    isTraining = value;
    for (const id of ["train", "reset", "save", "file"]) {
        $(id).disabled = value;
    }
    showGuess();
}

function teach(label) {
    learner.teach(seen(), label);
    showProgress(`Taught: this is a ${label}. Now ${told(learner.evaluate())} of the test digits.`);
}

async function loadFile(file) {
    if (file && !isTraining) {
        load(new Uint8Array(await file.arrayBuffer()));
    }
}

function save() {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([learner.int8.toBytes()]));
    link.download = `${learner.layers.name || "model"}.fqt`;
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
    $("train").addEventListener("click", guarded(train));
    $("reset").addEventListener("click", guarded(() => load(original)));
    $("save").addEventListener("click", guarded(save));
    $("file").addEventListener("change", guarded((event) => loadFile(event.target.files[0])));
    document.addEventListener("dragover", (event) => event.preventDefault());
    document.addEventListener("drop", guarded((event) => {
        event.preventDefault();
        return loadFile(event.dataTransfer.files[0]);
    }));
    window.addEventListener("resize", () => learner && showCharts());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
        drawing.paint();
        learner && showCharts();
    });
}

async function start() {
    connect();
    const [core, samples, file] = await Promise.all(["fqt.wasm", "samples.bin", "digits.fqt"].map(fetched));
    module = await WebAssembly.compile(core);
    data = parseSamples(samples);
    load(file);
    setTraining(false);
}

guarded(start)();
