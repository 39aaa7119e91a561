// A trainer in a worker, so that the page draws and answers while it trains; in the page itself where the browser has no
// worker for modules. Both have the methods of Trainer, each of which returns a promise here.
import {Trainer} from "./trainer.js";

const METHODS = ["load", "look", "teach", "toBytes"];

// core, samples: as Trainer.open takes them.
export async function openTrainer(core, samples) {
    try {
        return await inWorker(core, samples);
    } catch {
        return Trainer.open(core, samples);
    }
}

async function inWorker(core, samples) {
    const worker = new Worker(new URL("worker.js", import.meta.url), {type: "module"});
    const calls = new Map();
    let last = 0;
    worker.onmessage = ({data: {id, told, result, error}}) => {
        const {done, fail, tell} = calls.get(id);
        if (told !== undefined) {
            tell(told);
            return;
        }
        calls.delete(id);
        error === undefined ? done(result) : fail(new Error(error));
    };
    worker.onerror = () => {
        calls.forEach(({fail}) => fail(new Error("the browser ended the training: reload the page")));
        calls.clear();
    };
    const call = (method, given, tell) => new Promise((done, fail) => {
        calls.set(++last, {done, fail, tell});
        worker.postMessage({id: last, method, given});
    });
    await call("open", [core, samples]);
    const trainer = {train: (tell) => call("train", [], tell)};
    for (const method of METHODS) {
        trainer[method] = (...given) => call(method, given);
    }
    return trainer;
}
