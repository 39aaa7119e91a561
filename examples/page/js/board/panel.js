// The part of the page that trains on a board: its buttons, what it tells, and its chart.
import {drawLosses} from "../charts.js";
import {EPOCHS, EVERY, RATE} from "../learner.js";
import {digestOf} from "./files.js";
import {BoardError} from "./serial.js";
import {Board} from "./training.js";

const $ = (id) => document.getElementById(`board-${id}`);
const number = (value) => value.toLocaleString("en");

export class Panel {
    #page;
    #board = null;
    #losses = {page: [], board: []}; // means of EVERY samples
    #isStopped = false;

    // page: {fetched, samples, hold(), release(), toBytes(), kinds(), name(), train(tell)} of main.js, train resolves with
    // the bytes of the trained model.
    constructor(page) {
        this.#page = page;
        $("stop").addEventListener("click", () => this.#stop());
        $("keep").addEventListener("click", () => this.#guarded(() => this.#keep()));
        $("leave").addEventListener("click", () => this.#guarded(() => this.#leave("Disconnected.")));
    }

    // Ask the user for a board, and train there.
    async start() {
        let port;
        try {
            port = await navigator.serial.requestPort();
        } catch {
            return; // none was chosen
        }
        this.#show({});
        this.#losses = {page: [], board: []};
        await this.#guarded(() => this.#train(port));
    }

    paint() {
        if (!$("figure").hidden) {
            drawLosses($("losses"), this.#losses, EPOCHS * this.#page.samples.count / EVERY, EVERY);
        }
    }

    async #train(port) {
        const page = this.#page;
        page.hold();
        let file;
        try {
            this.#tell("Connecting. What the board runs is stopped.");
            await this.#leaveQuietly();
            this.#board = await Board.connect(port, page.fetched);
            const {architecture, machine, micropython} = this.#board.loader;
            const told = `${machine}: MicroPython ${micropython}, ${architecture}.`;
            this.#tell(`${told} Looking for fqt ${this.#board.version} there.`);
            const copying = (what, share) => this.#tell(`${told} Copying ${what}.`, share);
            await this.#board.install(page.kinds(), copying);
            file = await page.toBytes();
            await this.#board.load(file, page.samples, copying);
            this.#tell(`${told} Training.`, 0);
        } catch (error) {
            page.release();
            throw error;
        }
        $("figure").hidden = false;
        this.#isStopped = false;
        this.#show({stop: true});
        const ofPage = page.train((report) => this.#add("page", report)); // releases
        ofPage.catch(() => {}); // looked at below
        const result = await this.#board.train(EPOCHS, RATE, EVERY, (report) => this.#add("board", report));
        this.#compare(result, await digestOf(await ofPage));
    }

    #compare({digest, memory, seconds}, ofPage) {
        const samples = number(EPOCHS * this.#page.samples.count);
        this.#tell(digest === ofPage ?
            `Equal: after ${samples} samples the board and this page have the same network, byte for byte (SHA-256 ` +
                `${digest.slice(0, 16)}…). The board took ${seconds.toFixed(1)} seconds and ${number(memory)} bytes of RAM.` :
            `Not equal: after ${samples} samples the board has ${digest.slice(0, 16)}…, this page ${ofPage.slice(0, 16)}….`);
        this.#show({keep: true, leave: true});
    }

    // A report has the mean loss of its epoch so far; the chart shows that of the samples since the last one.
    #add(whose, {steps, loss}) {
        const losses = this.#losses[whose];
        const perEpoch = Math.ceil(this.#page.samples.count / EVERY);
        const before = losses.length % perEpoch ? losses.at(-1) : {steps: 0, loss: 0};
        const recent = (loss * steps - before.loss * before.steps) / (steps - before.steps);
        losses.push({steps, loss, recent});
        if (whose === "board") {
            $("progress").value = losses.length / (EPOCHS * perEpoch);
        }
        requestAnimationFrame(() => this.paint());
    }

    async #stop() {
        this.#isStopped = true;
        await this.#board.stop().catch(() => {}); // what waits for the board tells of it
    }

    async #keep() {
        const path = await this.#board.keep(this.#page.name());
        await this.#leave(`The trained network is on the board, as ${path}. At its prompt:`);
        $("hint").textContent = `import fqt\nnet = fqt.Model('${path}')`;
        $("hint").hidden = false;
    }

    async #leave(text) {
        await this.#leaveQuietly();
        this.#tell(text);
        this.#show({});
    }

    async #leaveQuietly() {
        const board = this.#board;
        this.#board = null;
        await board?.leave();
    }

    // What fails is told in a sentence, and the board is left.
    async #guarded(action) {
        $("trouble").textContent = "";
        $("hint").hidden = true;
        $("train").disabled = true;
        try {
            await action();
        } catch (error) {
            this.#tell(this.#isStopped && this.#board ? "Stopped. The board has what it had before, and fqt." : "");
            if (!(this.#isStopped && this.#board)) {
                $("trouble").textContent = error.message;
            }
            await this.#leaveQuietly();
            this.#show({});
            if (!(error instanceof BoardError)) {
                throw error;
            }
        } finally {
            this.#isStopped = false;
            this.#page.showButtons();
        }
    }

    #tell(text, share = null) {
        if ($("status").textContent !== text) {
            $("status").textContent = text;
        }
        $("progress").hidden = share === null;
        $("progress").value = share ?? 0;
    }

    #show({stop = false, keep = false, leave = false}) {
        Object.entries({stop, keep, leave, train: !stop && !leave}).forEach(([name, isThere]) => { $(name).hidden = !isThere; });
    }
}
