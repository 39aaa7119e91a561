// The module that fits, put onto a board: asked first what it can load, then where files can go, as `fqt install` does
// (host_tools/fqt/device/install.py; what runs on the board is the same). What is there already is not copied.
import {digestOf, put, quoted} from "./files.js";
import {BoardError} from "./serial.js";

const QUESTION = "import sys; i = sys.implementation; " +
    "print('fqt', getattr(i, '_mpy', -1), i.version[0], i.version[1], getattr(i, '_machine', sys.platform))";

// known: modules.json. Resolves with {architecture, micropython, machine}. Throws BoardError for a board that cannot load
// the module.
export async function loaderOf(repl, known) {
    const answer = await repl.run(QUESTION);
    const found = /fqt (-?\d+) (\d+) (\d+) (.*)/.exec(answer);
    if (!found) {
        throw new BoardError("This is no MicroPython that answers: flash MicroPython onto the board first.");
    }
    const [mpy, major, minor] = found.slice(1, 4).map(Number);
    const [machine, micropython, oldest] = [found[4].trim(), `${major}.${minor}`, known.oldest.join(".")];
    const release = `MicroPython ${micropython} on this board (${machine})`;
    const architecture = known.architectures[mpy >> 10 & 0x0F];
    if (mpy < 0 || (mpy >> 10 & 0x0F) === 0) {
        throw new BoardError(`${release} has no loader for native modules: flash the official firmware for the board, ` +
            `${oldest} or newer.`);
    }
    const isNew = major > known.oldest[0] || (major === known.oldest[0] && minor >= known.oldest[1]);
    if (!isNew || (mpy & 0xFF) !== known.mpy[0] || (mpy >> 8 & 3) !== known.mpy[1]) {
        throw new BoardError(`${release} loads .mpy files of version ${mpy & 0xFF}.${mpy >> 8 & 3}, the module has ` +
            `${known.mpy.join(".")}: flash MicroPython ${oldest} or newer.`);
    }
    if (!known.built.includes(architecture)) {
        throw new BoardError(`${release} loads native code for ${architecture}, for which fqt is not built: it is for ` +
            `${known.built.join(", ")}.`);
    }
    return {architecture, micropython, machine};
}

// Put the modules there; fetched(name) resolves with the bytes of a file beside the page. The first is the one that is
// needed. repl: has run install_device.py and finish_device.py. Resolves with the paths on the board.
export async function install(repl, folder, known, fetched, tell) {
    const paths = [];
    for (const name of known.files) {
        try {
            const bytes = await fetched(`${folder}/${name}`);
            paths.push(await putModule(repl, name, bytes, tell));
        } catch (error) {
            if (paths.length === 0 || !(error instanceof BoardError)) {
                throw error;
            }
        }
    }
    return paths;
}

async function putModule(repl, name, bytes, tell) {
    const digest = await digestOf(bytes);
    const answer = await repl.run(`find_place(${quoted(name)}, ${bytes.length}, ${quoted(digest)})`, {quiet: 30});
    const place = /fqt place \('(.*)', (True|False)\)/.exec(answer);
    if (!place) {
        throw new BoardError(`No folder of the board can take ${name}: ${reasons(answer, bytes.length)}.`);
    }
    const path = `${place[1]}/${name}`;
    if (place[2] === "False") {
        await put(repl, path, bytes, (share) => tell(`${path}, ${bytes.length.toLocaleString("en")} bytes`, share));
    }
    return path;
}

// Of what find_place() printed: of each folder why the file cannot go there.
function reasons(answer, size) {
    const found = [...answer.matchAll(/\('([^']*)', '(errno|free)', (-?\d+)\)/g)];
    const told = found.map(([, folder, what, number]) => `${folder || "/"} ` + (what === "free" ?
        `has ${number} bytes free of the ${size} that it takes` : {28: "is full", 30: "is read-only"}[number] ??
        `cannot be written (errno ${number})`));
    return told.join("; ") || "its sys.path names none";
}

// In a Python that has imported nothing: whether `import fqt` finds what was put there, and other files of these names
// give way.
export async function checkInstalled(repl, paths) {
    const answer = await repl.run("try_import()", {quiet: 30});
    const imported = /fqt imports '(.*)'/.exec(answer)?.[1];
    if (imported !== paths[0]) {
        throw new BoardError(`${paths[0]} is on the board, but its Python imports ${imported}: remove that.`);
    }
    for (const path of paths) {
        await repl.run(`remove_others(${quoted(path.split("/").at(-1))}, ${quoted(path)})`);
    }
}
