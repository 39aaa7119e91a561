// The int8 model and its float32 twin, which meet the same samples in the same order at the same rates: those of fqt.fit
// on a device.
import {Model} from "./core.js";
import {FloatNetwork} from "./float32.js";
import {parseModel} from "./model_file.js";

export const EPOCHS = 15;
export const RATE = 0.02;
export const EVERY = 40; // steps of an epoch between two reports, as fqt.fit(..., every=EVERY) yields them
const INPUTS = 64;
const TEACH_STEPS = 12;

export class Learner {
    // module: the core, compiled. file: a model file. data: {train, test}, each {count, sample(i), labels}.
    // Throws Error for a file that the core refuses, or whose input is not the page's.
    constructor(module, file, data) {
        this.int8 = Model.open(module, file);
        this.model = parseModel(file);
        if (this.int8.inputs !== INPUTS || !this.int8.trains) {
            throw new Error(`this page draws 8x8x1 and trains: the model reads ${this.model.inputShape.join("x")}` +
                (this.int8.trains ? "" : ", and no layer of it trains"));
        }
        if (this.int8.outputs < 10) {
            throw new Error(`the digits have 10 classes, the model ${this.int8.outputs}`);
        }
        try {
            this.float32 = new FloatNetwork(this.model);
        } catch {
            this.float32 = null; // the page says so
        }
        this.data = data;
        this.drawn = [];
    }

    // A generator: yields after each test sample, returns the accuracies {int8, float32} on them, in [0, 1]; of no twin
    // null.
    *evaluation() {
        const {test} = this.data;
        const right = {int8: 0, float32: 0};
        for (let i = 0; i < test.count; ++i) {
            right.int8 += this.int8.predict(test.sample(i)) === test.labels[i];
            right.float32 += this.float32?.predict(test.sample(i)) === test.labels[i];
            yield;
        }
        return {int8: right.int8 / test.count, float32: this.float32 && right.float32 / test.count};
    }

    // Train epoch after epoch, a generator. It yields reports: within an epoch {epoch, steps, loss}, whose steps and mean
    // loss are those of the epoch, after it {epoch, steps, loss, int8, float32}; and undefined after each other step.
    *fit(epochs = EPOCHS) {
        const {train} = this.data;
        const order = Uint16Array.from({length: train.count}, (_, i) => i);
        for (let epoch = 1; epoch <= epochs; ++epoch) {
            const rate = this.int8.decayed(RATE, epoch - 1, epochs);
            this.int8.shuffle(order, epoch);
            let loss = 0;
            let steps = 0;
            for (const i of order) {
                loss += this.#step(train.sample(i), train.labels[i], rate);
                ++steps;
                yield steps % EVERY === 0 && steps < order.length ? {epoch, steps, loss: loss / steps} : undefined;
            }
            yield {epoch, steps, loss: loss / steps, ...yield* this.evaluation()};
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
