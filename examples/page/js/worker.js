// The trainer in a thread of its own: {id, method, given} comes in; {id, told}, as often as there is something to tell,
// and {id, result} or {id, error} go out. remote.js is the other side.
import {Trainer} from "./trainer.js";

let trainer;

onmessage = async ({data: {id, method, given}}) => {
    try {
        if (method === "open") {
            trainer = await Trainer.open(...given);
            postMessage({id});
        } else {
            const result = await trainer[method](...given, (told) => postMessage({id, told}));
            postMessage({id, result});
        }
    } catch (error) {
        postMessage({id, error: error.message});
    }
};
