// Train the page's float32 twin, for test_twin.py:
//   node twin_in_node.mjs MODEL SAMPLES LABELS ORDER RATE
// ORDER: JSON, the numbers of samples. Prints JSON: the losses of the steps, and the outputs of the first sample after.
import {readFileSync} from "node:fs";

import {FloatNetwork} from "../../examples/page/js/float32.js";
import {parseModel} from "../../examples/page/js/model_file.js";

const [file, samples, y] = process.argv.slice(2, 5).map((path) => new Uint8Array(readFileSync(path)));
const [order, rate] = process.argv.slice(5, 7).map(JSON.parse);
const network = new FloatNetwork(parseModel(file));
const elements = samples.length / y.length;
const sample = (i) => samples.subarray(i * elements, (i + 1) * elements);
const losses = order.map((i) => network.train(sample(i), y[i], rate));
console.log(JSON.stringify({losses, scores: Array.from(network.forward(sample(0)))}));
