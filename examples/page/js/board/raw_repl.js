// MicroPython's raw REPL: code goes to the board, what it prints comes back. Code is sent in raw paste mode, whose flow
// control keeps a slow board from losing any; to boards without it in small pieces.
import {BoardError, Silence} from "./serial.js";

const BANNER = /raw REPL; CTRL-B to exit\r\n>/;
const REST_OF_BANNER = /w REPL; CTRL-B to exit\r\n>/;
const END = /\x04/;
const INTERRUPT = "\x03";
const RAW = "\x01";
const FRIENDLY = "\x02";
const EXECUTE = "\x04";
const PASTE = "\x05A\x01";
const MORE = "\x01"; // of the board: it takes another window
const PIECE = 256;
const PAUSE = 10; // milliseconds between pieces
const ENTER_SECONDS = 10;
const TRY_SECONDS = 1;
const BOOT_SECONDS = 20; // boot.py may take a while

export const QUIET_SECONDS = 10; // that a board may say nothing
const BUSY = "It is busy or hangs: press its reset button, or take its power away for a moment, and connect again.";
// What the end of a traceback says, and what helps.
const ADVICE = [
    [/OSError: (\[Errno )?28\b|ENOSPC/, "its file system is full: remove what is not needed"],
    [/OSError: (\[Errno )?30\b|EROFS/, "its file system is read-only: mount it writable in boot.py"],
    [/MemoryError/, "it lacks RAM for this: free some in boot.py, or take a board with more"],
    [/KeyboardInterrupt/, "it was stopped"],
];

// Text as the line has it, a character a byte, and back.
const toLine = (text) => String.fromCharCode(...new TextEncoder().encode(text));
const fromLine = (text) => new TextDecoder().decode(Uint8Array.from(text, (one) => one.charCodeAt(0)));
const pause = (milliseconds) => new Promise((done) => { setTimeout(done, milliseconds); });

export class RawRepl {
    #line;
    #pastes = true;

    // line: a SerialLine.
    constructor(line) {
        this.#line = line;
    }

    // End what the board runs, and start its Python anew, without main.py. Throws BoardError where nothing answers.
    async enter() {
        const line = this.#line;
        const end = performance.now() + 1000 * ENTER_SECONDS;
        for (let isThere = false; !isThere;) {
            await line.write("\r" + INTERRUPT + INTERRUPT);
            await pause(100);
            line.discard();
            await line.write("\r" + RAW);
            isThere = await arrives(line.until(BANNER, TRY_SECONDS));
            if (!isThere && performance.now() > end) {
                throw new BoardError("The board does not answer as MicroPython does. " + BUSY);
            }
        }
        await line.write(EXECUTE); // without code: a soft reset
        const isBack = await arrives(line.until(/soft reboot\r\n/, BOOT_SECONDS)) &&
            await arrives(line.until(BANNER, BOOT_SECONDS));
        if (!isBack) {
            throw new BoardError("The board does not come back from its soft reset. " + BUSY);
        }
    }

    // Leave it at its prompt.
    async leave() {
        await this.#line.write("\r" + INTERRUPT + FRIENDLY);
    }

    // While run() waits: it then throws.
    async interrupt() {
        await this.#line.write(INTERRUPT);
    }

    // Run code; resolves with what it printed. tell: called with each line at once. quiet: seconds that it may print
    // nothing. Throws BoardError with the end of the traceback, and when it is silent for longer.
    async run(code, {quiet = QUIET_SECONDS, tell = () => {}} = {}) {
        try {
            await this.#send(toLine(code));
            let printed = "";
            for (let isOver = false; !isOver;) {
                const line = await this.#line.until(/[\n\x04]/, quiet);
                isOver = line.endsWith("\x04");
                printed += line.slice(0, isOver ? -1 : undefined);
                if (!isOver) {
                    tell(fromLine(line).trim());
                }
            }
            const error = fromLine(await this.#line.until(END, quiet)).slice(0, -1);
            await this.#line.until(/>/, quiet);
            if (error) {
                throw new BoardError(sentence(error));
            }
            return fromLine(printed).replaceAll("\r\n", "\n");
        } catch (error) {
            if (error instanceof Silence) {
                throw new BoardError(`The board said nothing for ${quiet} seconds. ${BUSY}`);
            }
            throw error;
        }
    }

    async #send(code) {
        const line = this.#line;
        if (this.#pastes) {
            await line.write(PASTE);
            const answer = await line.next(2, QUIET_SECONDS);
            if (answer === "R\x01") {
                await this.#paste(code);
                return;
            }
            this.#pastes = false;
            if (answer !== "R\x00") { // an older board took it for Ctrl-A
                await line.until(REST_OF_BANNER, QUIET_SECONDS);
            }
        }
        for (let at = 0; at < code.length; at += PIECE) {
            await line.write(code.slice(at, at + PIECE));
            await pause(PAUSE);
        }
        await line.write(EXECUTE);
        await line.until(/OK/, QUIET_SECONDS);
    }

    async #paste(code) {
        const line = this.#line;
        const window = await line.next(2, QUIET_SECONDS);
        const size = window.charCodeAt(0) + 256 * window.charCodeAt(1);
        let room = size;
        for (let at = 0; at < code.length;) {
            while (room === 0 || line.hasMore) {
                if (await line.next(1, QUIET_SECONDS) !== MORE) {
                    await line.write(EXECUTE);
                    return; // it has its reasons, which follow
                }
                room += size;
            }
            const piece = code.slice(at, at + room);
            await line.write(piece);
            room -= piece.length;
            at += piece.length;
        }
        await line.write(EXECUTE);
        await line.until(END, QUIET_SECONDS);
    }
}

async function arrives(wait) {
    try {
        await wait;
        return true;
    } catch (error) {
        if (error instanceof Silence) {
            return false;
        }
        throw error;
    }
}

function sentence(traceback) {
    const last = traceback.trim().split(/\r?\n/).at(-1).replace(/:$/, "");
    const [, advice] = ADVICE.find(([sign]) => sign.test(last)) ?? [];
    return `The board says ${last}${advice ? `: ${advice}` : ""}.`;
}
