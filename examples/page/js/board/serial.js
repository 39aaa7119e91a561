// A board's serial line over Web Serial: characters out, and waits for characters in, each with an end. A character is a
// byte (Latin-1), so that patterns find text and control codes alike.

export class BoardError extends Error {} // its message is a sentence for the user
export class Silence extends Error {} // nothing came for as long as one was willing to wait

const LOST = "The connection to the board is lost: see its cable, and connect again.";
const TAKEN = "The board's port cannot be opened: close what else uses it (Thonny, a terminal, another tab), and try again.";
const SPEED = 115200; // of boards with a UART; USB goes as fast as it can
const BUFFER_BYTES = 16384;

export class SerialLine {
    #port;
    #reader;
    #writer;
    #received = "";
    #isLost = false;
    #wake = () => {};

    // port: of navigator.serial.requestPort().
    static async open(port) {
        const line = new SerialLine();
        try {
            await port.open({baudRate: SPEED, bufferSize: BUFFER_BYTES});
        } catch {
            throw new BoardError(TAKEN);
        }
        line.#port = port;
        line.#reader = port.readable.getReader();
        line.#writer = port.writable.getWriter();
        line.#listen();
        return line;
    }

    async write(text) {
        const bytes = Uint8Array.from(text, (one) => one.charCodeAt(0));
        try {
            await this.#writer.write(bytes);
        } catch {
            this.#isLost = true;
        }
        this.#checkLost();
    }

    // Resolves with what came up to and with the first match of a pattern. Throws Silence when nothing comes for so many
    // seconds, BoardError when the line is lost.
    async until(pattern, seconds) {
        for (;;) {
            const found = pattern.exec(this.#received);
            if (found) {
                return this.#take(found.index + found[0].length);
            }
            await this.#more(seconds);
        }
    }

    // The next characters, so many.
    async next(count, seconds) {
        while (this.#received.length < count) {
            await this.#more(seconds);
        }
        return this.#take(count);
    }

    get hasMore() {
        return this.#received.length > 0;
    }

    discard() {
        this.#received = "";
    }

    async close() {
        try {
            await this.#reader.cancel();
            await this.#writer.close();
        } catch {
            // a line that is lost
        }
        this.#reader.releaseLock();
        this.#writer.releaseLock();
        await this.#port.close().catch(() => {});
    }

    #take(count) {
        const taken = this.#received.slice(0, count);
        this.#received = this.#received.slice(count);
        return taken;
    }

    async #more(seconds) {
        this.#checkLost();
        let timer;
        await new Promise((done, fail) => {
            this.#wake = done;
            timer = setTimeout(() => fail(new Silence()), 1000 * seconds);
        }).finally(() => clearTimeout(timer));
        this.#checkLost();
    }

    #checkLost() {
        if (this.#isLost) {
            throw new BoardError(LOST);
        }
    }

    async #listen() {
        try {
            for (;;) {
                const {value, done} = await this.#reader.read();
                if (done) {
                    break;
                }
                for (let at = 0; at < value.length; at += 4096) {
                    this.#received += String.fromCharCode(...value.subarray(at, at + 4096));
                }
                this.#wake();
            }
        } catch {
            // the board is gone
        }
        this.#isLost = true;
        this.#wake();
    }
}
