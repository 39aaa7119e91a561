// What the page asks of its learner, with plain values in and out, so that a worker can carry it (worker.js): models are
// loaded, shown samples, trained and taught. Long work is done in short parts, and what else is asked comes between.
import {histogramOf} from "./histogram.js";
import {Learner} from "./learner.js";
import {parseModel} from "./model_file.js";
import {parseSamples} from "./samples.js";
import {softmax} from "./float32.js";

const PART = 10; // milliseconds

export class Trainer {
    #module;
    #data;
    #learner;

    // core: fqt.wasm, samples: samples.bin, as Uint8Arrays.
    static async open(core, samples) {
        const trainer = new Trainer();
        trainer.#module = await WebAssembly.compile(core);
        trainer.#data = parseSamples(samples);
        return trainer;
    }

    // Take a model file (a Uint8Array). Resolves with {name, inputShape, layers: [{name, outputShape, parameters}],
    // memory, int8, float32, histogram}. Throws Error, before anything changes, for a file that the page cannot train.
    async load(file) {
        const learner = new Learner(this.#module, file, this.#data);
        const accuracies = await inParts(learner.evaluation());
        this.#learner = learner;
        const {name, inputShape, layers} = learner.model;
        const rows = layers.map(({name: ofLayer, kind, outputShape, parameters}) => (
            {name: ofLayer, kind, outputShape, parameters}));
        return {name, inputShape, layers: rows, memory: learner.int8.memory, histogram: histogramOf(layers), ...accuracies};
    }

    // What the int8 network makes of a sample: {guess: a class, shares: of each class, in [0, 1]}.
    look(sample) {
        const {int8} = this.#learner;
        return {guess: int8.predict(sample), shares: Array.from(softmax(int8.scores(sample)))};
    }

    // Train as Learner.fit does; tell is called with each of its reports, those after an epoch with a histogram.
    async train(tell) {
        await inParts(this.#learner.fit(), (report) => {
            tell("int8" in report ? {...report, histogram: this.#histogram()} : report);
        });
    }

    // Resolves with {int8, float32, histogram} after the lesson.
    async teach(sample, label) {
        this.#learner.teach(sample, label);
        return {...await inParts(this.#learner.evaluation()), histogram: this.#histogram()};
    }

    // The int8 network's file as it is now.
    toBytes() {
        return this.#learner.int8.toBytes();
    }

    #histogram() {
        return histogramOf(parseModel(this.toBytes()).layers);
    }
}

// Run a generator to its end, and return what it returns; what it yields, unless undefined, is told.
async function inParts(work, tell) {
    let began = performance.now();
    for (;;) {
        const {done, value} = work.next();
        if (done) {
            return value;
        }
        if (value !== undefined) {
            tell?.(value);
        }
        if (performance.now() - began > PART) {
            await othersHadTheirTurn();
            began = performance.now();
        }
    }
}

// A message to oneself: a timer would wait for four milliseconds.
function othersHadTheirTurn() {
    return new Promise((done) => {
        const {port1, port2} = new MessageChannel();
        port1.onmessage = () => {
            port1.close();
            done();
        };
        port2.postMessage(null);
    });
}
