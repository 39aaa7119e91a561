// A board trains the model that the page has, on the page's samples: the module and the files are put there, then it tells
// how it goes.
import {bitsOfFloat} from "../core.js";
import {put, quoted} from "./files.js";
import {checkInstalled, install, loaderOf} from "./install.js";
import {QUIET_SECONDS, RawRepl} from "./raw_repl.js";
import {BoardError, SerialLine} from "./serial.js";

const FOLDER = "board"; // beside the page
const SCRIPTS = ["install_device.py", "finish_device.py", "board_device.py"];
const EPOCH_SECONDS = 120; // that a board may take for its next report

export class Board {
    #line;
    #repl;
    #known;
    #scripts;
    #fetched;

    // port: of navigator.serial.requestPort(). fetched(name): resolves with the bytes of a file beside the page.
    static async connect(port, fetched) {
        const board = new Board();
        const texts = await Promise.all(["modules.json", ...SCRIPTS].map(async (name) => (
            new TextDecoder().decode(await fetched(`${FOLDER}/${name}`)))));
        board.#known = JSON.parse(texts[0]);
        board.#scripts = texts.slice(1).join("\n");
        board.#fetched = fetched;
        board.#line = await SerialLine.open(port);
        board.#repl = new RawRepl(board.#line);
        try {
            await board.#repl.enter();
            board.loader = await loaderOf(board.#repl, board.#known);
        } catch (error) {
            await board.#line.close();
            throw error;
        }
        return board;
    }

    get version() {
        return this.#known.version;
    }

    // The module that has the kinds of layers that a model needs. tell(what, share): what is copied.
    async install(kinds, tell) {
        const isCommon = kinds.every((kind) => this.#known.common.includes(kind));
        const folder = `${FOLDER}/${this.loader.architecture}${isCommon ? "" : "_full"}`;
        await this.#repl.run(this.#scripts);
        await this.#repl.run("clean()");
        const paths = await install(this.#repl, folder, this.#known, this.#fetched, tell);
        await this.#repl.enter(); // whose Python has imported nothing, and has all its RAM
        await this.#repl.run(this.#scripts);
        await checkInstalled(this.#repl, paths);
    }

    // file: a model. samples: {count, labels, sample(i)}.
    async load(file, samples, tell) {
        const records = [];
        for (let i = 0; i < samples.count; ++i) {
            records.push(...samples.sample(i), samples.labels[i]);
        }
        await put(this.#repl, "fqt_page.model", file, (share) => tell("the network", share));
        await put(this.#repl, "fqt_page.samples", Uint8Array.from(records), (share) => tell("the samples", share));
    }

    // Train as Learner.fit does. tell({epoch, steps, loss}): those of the epoch so far. Resolves with {digest, memory,
    // seconds} of the trained model.
    async train(epochs, rate, every, tell) {
        const printed = await this.#repl.run(`train(${epochs}, ${bitsOfFloat(rate)}, ${every})`, {
            quiet: EPOCH_SECONDS,
            tell(line) {
                const [, epoch, steps, loss] = /^fqt report (\d+) (\d+) (\S+)/.exec(line) ?? [];
                if (epoch) {
                    tell({epoch: Number(epoch), steps: Number(steps), loss: Number(loss)});
                }
            },
        });
        const found = /fqt trained (\w+) (\d+) (\d+)/.exec(printed);
        if (!found) {
            throw new BoardError("The board ended without a trained network: connect again.");
        }
        return {digest: found[1], memory: Number(found[2]), seconds: found[3] / 1000};
    }

    async stop() {
        await this.#repl.interrupt();
    }

    // Resolves with the path of the trained model, under a name that is free.
    async keep(name) {
        const printed = await this.#repl.run(`keep(${quoted(name)})`, {quiet: QUIET_SECONDS});
        return /fqt kept '(.*)'/.exec(printed)[1];
    }

    // Remove what is not kept, and leave the board at its prompt, as far as it answers.
    async leave() {
        for (const step of [() => this.#repl.run("clean()", {quiet: 2}), () => this.#repl.leave()]) {
            await step().catch(() => {});
        }
        await this.#line.close();
    }
}
