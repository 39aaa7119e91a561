// The device's C code as a model in JavaScript: natmod/wasm compiled to WebAssembly, the same bytes as on a board.
//
//     const module = await WebAssembly.compile(bytes)
//     const model = Model.open(module, fileBytes)
//     const loss = model.train(sample, label, 0.02)
//
// Each model is an instance of the module with a memory of its own, freed with the object.

class Fault extends Error {}

export const bitsOfFloat = (value) => new Uint32Array(Float32Array.of(value).buffer)[0];
const floatOfBits = (bits) => new Float32Array(Uint32Array.of(bits).buffer)[0];

// Of a model file's header (natmod/core/model/fqt_file.h).
const INPUT_TYPE = 22;
const UINT8 = 1;
const LOSS = 60;
const SOFTMAX_CROSS_ENTROPY = 0;

export class Model {
    #core;
    #handle;
    #places;

    // module: of WebAssembly.compile. file: a Uint8Array, a model file. master: 8, 12 or 16 bits of each weight.
    // Throws Error, with the core's own text, for a bad file.
    static open(module, file, master = 12) {
        const model = new Model(module);
        model.#open(file, master);
        return model;
    }

    constructor(module) {
        const imports = {fqt: {escape() { throw new Fault("left the core"); }}};
        this.#core = new WebAssembly.Instance(module, imports).exports;
    }

    #open(file, master) {
        const place = this.#allocate(file.length);
        this.#bytes(place, file.length).set(file);
        const isOpen = this.#guarded(() => this.#core.fqt_wasm_open(place, file.length, master, 1));
        if (!isOpen) {
            throw new Error("the browser gave no memory for this model");
        }
        if (file[LOSS] !== SOFTMAX_CROSS_ENTROPY || file[INPUT_TYPE] !== UINT8) {
            throw new Error("this page takes models of classes whose input is bytes (softmax_cross_entropy, uint8)");
        }
        this.#handle = this.#core.fqt_wasm_model();
        this.inputs = this.#core.fqt_host_input_elements(this.#handle);
        this.outputs = this.#core.fqt_host_output_elements(this.#handle);
        this.memory = this.#core.fqt_host_memory(this.#handle);
        this.trains = Boolean(this.#core.fqt_host_trains(this.#handle));
        // wanted is fqt_host_wanted_t: the place of labels, and of targets, which are none here.
        this.#places = {
            x: this.#allocate(this.inputs), outputs: this.#allocate(4 * this.outputs), label: this.#allocate(4),
            wanted: this.#allocate(8), order: this.#allocate(4), rate: this.#allocate(4), loss: this.#allocate(4),
            predicted: this.#allocate(4),
        };
        this.#words(this.#places.wanted, 2).set([this.#places.label, 0]);
        this.#words(this.#places.order, 1)[0] = 0;
    }

    // A sample is bytes, 0 to 255: the network reads them less 128. Returns the class.
    predict(sample) {
        this.#setSample(sample);
        this.#core.fqt_host_predict(this.#handle, this.#places.x, 1, this.#places.predicted);
        return this.#words(this.#places.predicted, 1)[0] & 0xFFFF;
    }

    // The outputs before the softmax, as numbers.
    scores(sample) {
        this.#setSample(sample);
        this.#core.fqt_host_outputs(this.#handle, this.#places.x, 1, this.#places.outputs);
        return Array.from(this.#signedWords(this.#places.outputs, this.outputs), (value) => value / 65536);
    }

    // One step; returns its loss. Throws Error when a layer diverged.
    train(sample, label, rate) {
        if (!Number.isInteger(label) || label < 0 || label >= this.outputs) {
            throw new Error(`label ${label}: this model has the classes 0 to ${this.outputs - 1}`);
        }
        this.#setSample(sample);
        const {x, wanted, order, rate: rates, loss} = this.#places;
        this.#words(this.#places.label, 1)[0] = label;
        this.#words(rates, 1)[0] = bitsOfFloat(rate);
        const before = this.steps;
        this.#core.fqt_host_train(this.#handle, x, 0, wanted, order, rates, 1, loss);
        if (this.steps === before) {
            throw new Error("training diverged: load the model again and take a smaller rate");
        }
        return this.#signedWords(loss, 1)[0] / 65536;
    }

    get steps() {
        return this.#core.fqt_host_steps(this.#handle);
    }

    // The model file as it is now.
    toBytes() {
        const bytes = this.#core.fqt_host_file_bytes(this.#handle, 0);
        this.#places.file ??= this.#allocate(bytes); // its size does not change
        this.#core.fqt_host_write(this.#handle, 0, this.#places.file);
        return this.#bytes(this.#places.file, bytes).slice();
    }

    #setSample(sample) {
        if (sample.length !== this.inputs) {
            throw new Error(`a sample has ${this.inputs} values, not ${sample.length}`);
        }
        const x = this.#bytes(this.#places.x, this.inputs);
        for (let i = 0; i < sample.length; ++i) {
            x[i] = sample[i] ^ 0x80;
        }
    }

    // What a device's fqt.fit does at the start of an epoch: shuffle `order` (a Uint16Array), in place.
    shuffle(order, seed) {
        const place = this.#places.shuffled ??= this.#allocate(2 * 65535);
        const inside = new Uint16Array(this.#core.memory.buffer, place, order.length);
        inside.set(order);
        this.#core.fqt_wasm_shuffle(place, order.length, seed);
        order.set(inside);
    }

    // rate * (whole - done) / whole, with a device's bits.
    decayed(rate, done, whole) {
        return floatOfBits(this.#core.fqt_wasm_decayed(bitsOfFloat(rate), done, whole));
    }

    #guarded(call) {
        try {
            return call();
        } catch (error) {
            if (!(error instanceof Fault)) {
                throw error;
            }
            const text = this.#bytes(this.#core.fqt_wasm_error(), 160);
            throw new Error(new TextDecoder().decode(text.subarray(0, text.indexOf(0))));
        }
    }

    #allocate(bytes) {
        const place = this.#core.fqt_wasm_allocate(bytes);
        if (place === 0) {
            throw new Error("the browser gave no memory for this model");
        }
        return place;
    }

    // Views are made anew each time: memory that grows leaves old ones behind.
    #bytes(place, count) {
        return new Uint8Array(this.#core.memory.buffer, place, count);
    }

    #words(place, count) {
        return new Uint32Array(this.#core.memory.buffer, place, count);
    }

    #signedWords(place, count) {
        return new Int32Array(this.#core.memory.buffer, place, count);
    }
}
