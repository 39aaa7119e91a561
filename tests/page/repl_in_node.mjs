// The page's side of a serial line against boards that are made here, for test_repl.py:
//   node repl_in_node.mjs
// Prints JSON: of each case what it returned, or {error}, the sentence that a user would read. A second lasts ten
// milliseconds.
import {put} from "../../examples/page/js/board/files.js";
import {RawRepl} from "../../examples/page/js/board/raw_repl.js";
import {SerialLine} from "../../examples/page/js/board/serial.js";

const HASTE = 100;
const {setTimeout: later, performance: clock} = globalThis;
globalThis.setTimeout = (action, milliseconds) => later(action, milliseconds / HASTE);
globalThis.performance = {now: () => HASTE * clock.now()};

const BANNER = "raw REPL; CTRL-B to exit\r\n>";

// A board that has a raw REPL. pastes: its answer to the wish for raw paste mode, the window of which is 16 bytes;
// run(code): what it prints, its error, and whether it is silent after, or gone.
class FakeBoard {
    received = "";
    ran = [];
    #code = "";
    #pasting = false;
    #room = 0;
    #isRunning = false;

    constructor({pastes = "R\x01", run = () => ({}), isDeaf = false, refusesToOpen = false, loops = false}) {
        Object.assign(this, {pastes, run, isDeaf, refusesToOpen, loops});
    }

    async open() {
        if (this.refusesToOpen) {
            throw new DOMException("Failed to open serial port.", "NetworkError");
        }
        this.readable = new ReadableStream({start: (controller) => { this.controller = controller; }});
        this.writable = new WritableStream({write: (bytes) => {
            for (const byte of this.isDeaf ? [] : bytes) {
                this.#take(String.fromCharCode(byte));
            }
        }});
    }

    async close() {}

    #say(text) {
        this.controller.enqueue(Uint8Array.from(text, (one) => one.charCodeAt(0)));
    }

    #take(one) {
        if (this.loops || this.#isRunning) {
            if (one === "\x03") {
                this.#say(this.loops ? "KeyboardInterrupt: \r\n>>> " : `\x04${TRACEBACK}KeyboardInterrupt: \r\n\x04>`);
                this.loops = this.#isRunning = false;
            }
        } else if (this.#pasting) {
            if (one === "\x04") {
                this.#say("\x04");
                this.#execute();
                return;
            }
            if (--this.#room < 0) {
                throw new Error("more came than the window holds");
            }
            this.#code += one;
            if (this.#room === 0) {
                this.#room = 16;
                this.#say("\x01");
            }
        } else if (one === "\x01" && this.#code.endsWith("\x05A")) {
            this.#code = "";
            this.#pasting = this.pastes === "R\x01";
            this.#room = 32;
            this.#say(this.pastes.startsWith("R") ? this.pastes + (this.#pasting ? "\x10\0\x01" : "") : BANNER);
        } else if (one === "\x01") {
            this.#code = "";
            this.#say(BANNER);
        } else if (one === "\x03" || one === "\r") {
            this.#code = "";
        } else if (one === "\x04" && this.#code === "") {
            this.#say("OK\r\nMPY: soft reboot\r\n" + BANNER);
        } else if (one === "\x04") {
            this.#say("OK");
            this.#execute();
        } else {
            this.#code += one;
        }
    }

    #execute() {
        const {printed = "", error = "", isSilent = false, isGone = false} = this.run(this.#code, this.ran.length);
        this.ran.push(this.#code);
        this.#code = "";
        this.#pasting = false;
        if (isGone) {
            this.controller.error(new DOMException("The device has been lost.", "NetworkError"));
        } else if (isSilent) {
            this.#isRunning = true;
        } else {
            const bytes = String.fromCharCode(...new TextEncoder().encode(printed));
            this.#say(`${bytes}\x04${error}\x04>`);
        }
    }
}

async function entered(board) {
    const repl = new RawRepl(await SerialLine.open(board));
    await repl.enter();
    return repl;
}

const CODE = "print('grün', 'and so on, for more than two windows of sixteen bytes')";
const TRACEBACK = "Traceback (most recent call last):\r\n  File \"<stdin>\", line 1\r\n";

async function sent(pastes) {
    const board = new FakeBoard({pastes, run: () => ({printed: "grün\r\nzwei\r\n"})});
    const repl = await entered(board);
    const lines = [];
    const printed = [];
    for (let i = 0; i < 2; ++i) {
        printed.push(await repl.run(CODE, {tell: (line) => lines.push(line)}));
    }
    const isWhole = board.ran.every((code) => new TextDecoder().decode(
        Uint8Array.from(code, (one) => one.charCodeAt(0))) === CODE);
    return {isWhole, ran: board.ran.length, printed, lines};
}

async function putWhere(isTrouble) {
    const ran = [];
    const board = new FakeBoard({run(code, number) {
        ran.push(code);
        return number === 2 ? isTrouble : {};
    }});
    const repl = await entered(board);
    try {
        await put(repl, "/lib/fqt.mpy", new Uint8Array(5000));
        return {};
    } catch (error) {
        return {error: error.message, last: ran.at(-1).split("\n").at(-1).slice(0, 40)};
    }
}

async function stopped() {
    const repl = await entered(new FakeBoard({run: () => ({isSilent: true})}));
    setTimeout(() => repl.interrupt(), 1000);
    await repl.run(CODE);
}

const CASES = {
    looping: async () => (await entered(new FakeBoard({loops: true, run: () => ({printed: "3\r\n"})}))).run("print(3)"),
    stopped,
    paste: () => sent("R\x01"),
    no_paste: () => sent("R\0"),
    old: () => sent(""),
    taken: () => entered(new FakeBoard({refusesToOpen: true})),
    deaf: () => entered(new FakeBoard({isDeaf: true})),
    silent: async () => (await entered(new FakeBoard({run: () => ({isSilent: true})}))).run(CODE),
    gone: async () => (await entered(new FakeBoard({run: () => ({isGone: true})}))).run(CODE),
    memory: async () => (await entered(new FakeBoard({
        run: () => ({error: `${TRACEBACK}MemoryError: memory allocation failed\r\n`})}))).run(CODE),
    put_gone: () => putWhere({isGone: true}),
    put_full: () => putWhere({error: `${TRACEBACK}OSError: [Errno 28] ENOSPC\r\n`}),
};

const told = {};
for (const [name, run] of Object.entries(CASES)) {
    try {
        told[name] = await run();
    } catch (error) {
        told[name] = {error: error.message};
    }
}
console.log(JSON.stringify(told));
process.exit(0);
