// The int8 model and its float32 twin, which meet the same samples in the same order at the same rates: those of fqt.fit
// on a device.
import {Model} from "./core.js";
import {FloatNetwork} from "./float32.js";
import {parseModel} from "./model_file.js";

export const EPOCHS = 15;
export const RATE = 0.02;
const INPUTS = 64;
const TEACH_STEPS = 12;

export class Learner {
    // module: the core, compiled. file: a model file. data: {train, test}, each {count, sample(i), labels}.
    // Throws Error for a file that the core refuses, or whose input is not the page's.
    constructor(module, file, data) {
        this.int8 = Model.open(module, file);
        this.layers = parseModel(file);
        if (this.int8.inputs !== INPUTS || !this.int8.trains) {
            throw new Error(`this page draws 8x8x1 and trains: the model reads ${this.layers.inputShape.join("x")}` +
                (this.int8.trains ? "" : ", and no layer of it trains"));
        }
        if (this.int8.outputs < 10) {
            throw new Error(`the digits have 10 classes, the model ${this.int8.outputs}`);
        }
        try {
            this.float32 = new FloatNetwork(this.layers);
        } catch {
            this.float32 = null; // the page says so
        }
        this.data = data;
        this.drawn = [];
    }

    // Accuracies on the test samples, in [0, 1]; of no twin null.
    evaluate() {
        const {test} = this.data;
        const share = (network) => {
            let right = 0;
            for (let i = 0; i < test.count; ++i) {
                right += network.predict(test.sample(i)) === test.labels[i];
            }
            return right / test.count;
        };
        return {int8: share(this.int8), float32: this.float32 && share(this.float32)};
    }

    // Train epoch after epoch; yields {epoch, loss, int8, float32} after each.
    *fit(epochs = EPOCHS) {
        const {train} = this.data;
        const order = Uint16Array.from({length: train.count}, (_, i) => i);
        for (let epoch = 0; epoch < epochs; ++epoch) {
            const rate = this.int8.decayed(RATE, epoch, epochs);
            this.int8.shuffle(order, 1 + epoch);
            let loss = 0;
            for (const i of order) {
                loss += this.#step(train.sample(i), train.labels[i], rate);
            }
            yield {epoch: epoch + 1, loss: loss / train.count, ...this.evaluate()};
        }
    }

    // A drawing with its label: a few steps on all drawings so far, each with a sample that is known, lest it forgets.
    teach(sample, label) {
        const {train} = this.data;
        this.drawn.push({sample: sample.slice(), label});
        for (let step = 0; step < TEACH_STEPS; ++step) {
            const own = this.drawn[(this.drawn.length - 1 + step) % this.drawn.length];
            this.#step(own.sample, own.label, RATE / 2);
            const known = (this.int8.steps * 7) % train.count;
            this.#step(train.sample(known), train.labels[known], RATE / 2);
        }
    }

    #step(sample, label, rate) {
        this.float32?.train(sample, label, rate);
        return this.int8.train(sample, label, rate);
    }
}
