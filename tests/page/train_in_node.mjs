// Train a model in WebAssembly, as the page does, for test_wasm.py:
//   node train_in_node.mjs FQT.WASM MODEL SAMPLES LABELS STEPS RATE SAVE_AS
// Prints JSON: what the model says of itself, the losses, and the classes of all samples after. A bad file: its error.
import {readFileSync, writeFileSync} from "node:fs";

import {Model} from "../../examples/page/js/core.js";

const [wasm, file, samples, labels, steps, rate, saveAs] = process.argv.slice(2);
const read = (path) => new Uint8Array(readFileSync(path));

function train(model) {
    const x = read(samples);
    const y = read(labels);
    const sample = (i) => x.subarray(i * model.inputs, (i + 1) * model.inputs);
    const losses = [];
    const order = Uint16Array.from(y, (_, i) => i);
    model.shuffle(order, 1);
    for (let step = 0; step < Number(steps); ++step) {
        const i = order[step % y.length];
        losses.push(model.train(sample(i), y[i], model.decayed(Number(rate), step, Number(steps))));
    }
    writeFileSync(saveAs, model.toBytes());
    const predicted = Array.from(y, (_, i) => model.predict(sample(i)));
    return {memory: model.memory, steps: model.steps, losses, predicted, scores: model.scores(sample(0))};
}

try {
    const model = Model.open(await WebAssembly.compile(read(wasm)), read(file), 12);
    console.log(JSON.stringify(train(model)));
} catch (error) {
    console.log(JSON.stringify({error: error.message}));
}
