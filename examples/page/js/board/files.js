// Files on a board: each is written under another name, and takes its own when its SHA-256 there is that of the data, so
// that whatever fails it is the old one or the new one (finish_device.py).
import {BoardError} from "./serial.js";

const PIECE = 1024; // bytes that go over the line at a time
const BYTES_A_SECOND = 4096; // a board hashes at least so many

export const quoted = (text) => JSON.stringify(text); // as Python reads it too
const base64 = (bytes) => btoa(String.fromCharCode(...bytes));

// SHA-256 in hexadecimal.
export async function digestOf(bytes) {
    const digest = await crypto.subtle.digest("SHA-256", bytes);
    return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// repl: a RawRepl that has run finish_device.py. tell: called with the share that is there.
export async function put(repl, path, bytes, tell = () => {}) {
    const copy = quoted(`${path}.new`);
    try {
        await repl.run(`import binascii\nfile = open(${copy}, "wb")`);
        for (let at = 0; at < bytes.length; at += PIECE) {
            await repl.run(`_ = file.write(binascii.a2b_base64("${base64(bytes.subarray(at, at + PIECE))}"))`);
            tell(Math.min(at + PIECE, bytes.length) / bytes.length);
        }
        const quiet = 10 + bytes.length / BYTES_A_SECOND;
        await repl.run(`file.close()\nfqt_finish(${quoted(path)}, ${quoted(await digestOf(bytes))})`, {quiet});
    } catch (error) {
        if (!(error instanceof BoardError)) {
            throw error;
        }
        await repl.run(`file.close()\nimport os\nos.remove(${copy})`, {quiet: 2}).catch(() => {});
        throw new BoardError(`${path} was not written, what was there is whole. ${error.message}`);
    }
}
