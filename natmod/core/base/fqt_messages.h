// All error messages of the native code, each with the exception that carries it: FQT_MESSAGE(exception, name, text).
// '#' stands for a number: the first for the first number of the error, up to three.
//
// Code knows messages by number only, since text is RAM on a board. The texts are in this list's order
//   - at the end of the built fqt.mpy (tools/append_messages.py): each ends with a newline; the length of all of them
//     follows, 2 bytes little-endian. MicroPython's loader reads a .mpy file no further than its code, so that they
//     take no RAM: micropython_lib/fqt/errors.py opens the file when something went wrong. Python code names its
//     messages as C code does (tools/join_python.py).
//   - in the host's library (natmod/host/fqt_host_fault.h).
#ifndef FQT_MESSAGES_H
#define FQT_MESSAGES_H

// clang-format off
#define FQT_MESSAGES \
    /* a model file: model/ */ \
    FQT_MESSAGE(VALUE_ERROR, BEYOND_FILE, "# bytes at # are needed, file has #") \
    FQT_MESSAGE(VALUE_ERROR, UNREADABLE, "file could not be read: # bytes at #") \
    FQT_MESSAGE(VALUE_ERROR, FILE_SHORT, "file has # bytes, a model's header alone has #") \
    FQT_MESSAGE(VALUE_ERROR, NO_MODEL, "not a model file (it does not start with FQT)") \
    FQT_MESSAGE(VALUE_ERROR, VERSION, \
        "model file of version #.#, this module reads #.x: make it anew with the fqt tools of the module's release") \
    FQT_MESSAGE(VALUE_ERROR, FILE_BYTES, "file should have # bytes, it has #") \
    FQT_MESSAGE(VALUE_ERROR, FILE_LARGE, "file of # bytes, at most # are possible") \
    FQT_MESSAGE(VALUE_ERROR, LAYER_COUNT, "# layers, 1 to # are possible") \
    FQT_MESSAGE(VALUE_ERROR, HEADER_FIELD, "a field of the file's header has an unknown value") \
    FQT_MESSAGE(VALUE_ERROR, OUTPUT_MAP_LOSS, "it has a map of its outputs, which goes with mean_squared_error alone") \
    FQT_MESSAGE(VALUE_ERROR, INPUT_SCALE, "the input's scale is out of range") \
    FQT_MESSAGE(VALUE_ERROR, RANDOM_STATE, "the random state is 0") \
    FQT_MESSAGE(VALUE_ERROR, CHECKSUM, "checksum does not match: the file is damaged") \
    FQT_MESSAGE(VALUE_ERROR, IS_CHECKPOINT, \
        "this is a checkpoint: load the model that it belongs to, then restore it") \
    FQT_MESSAGE(VALUE_ERROR, TENSOR_SHAPE, "a tensor of # x # x # (1 to 16777216 elements are possible)") \
    FQT_MESSAGE(VALUE_ERROR, KIND, "unknown layer kind #: made for a newer module?") \
    FQT_MESSAGE(VALUE_ERROR, INPUT_TENSORS, "reads tensors # and #: it can read 0 to #") \
    FQT_MESSAGE(VALUE_ERROR, RECORD_FIELD, "a field of its record has an unknown value") \
    FQT_MESSAGE(VALUE_ERROR, KEPT_SCALE, "its scale or zero point is not its input's") \
    FQT_MESSAGE(VALUE_ERROR, SCALES, "one of its scales is out of range") \
    FQT_MESSAGE(VALUE_ERROR, OUTPUT_RANGE, "its output range is out of bounds") \
    FQT_MESSAGE(VALUE_ERROR, NO_NAME, "it has no name, or bytes behind its name") \
    FQT_MESSAGE(VALUE_ERROR, NAME_TEXT, "its name is not UTF-8") \
    FQT_MESSAGE(VALUE_ERROR, SAME_NAME, "it has the name of layer #") \
    FQT_MESSAGE(VALUE_ERROR, BLOBS_BEYOND_FILE, "# weights from # on, with scales and biases: file has # bytes") \
    FQT_MESSAGE(VALUE_ERROR, BLOB_PLACE, \
        "blob # (weights, low bytes, scales, biases) is at #, it belongs at # (0: left out)") \
    FQT_MESSAGE(VALUE_ERROR, PADDING, "byte # of its weights, behind the last, is not 0") \
    FQT_MESSAGE(VALUE_ERROR, WEIGHT, "weight # is -128: weights are -127 to 127") \
    FQT_MESSAGE(VALUE_ERROR, WEIGHT_SCALE, "the weight scale of channel # is out of range") \
    FQT_MESSAGE(VALUE_ERROR, MAP_ROW, \
        "row # of its maps (the input's channels, then the outputs): an offset is finite, a scale 2^-64 to 2^64") \
    FQT_MESSAGE(VALUE_ERROR, TEXTS, \
        "its texts are not # in UTF-8, each ended by a zero: a name for each output or class of pixels, and a note") \
    FQT_MESSAGE(VALUE_ERROR, MUCH_WORK, \
        "up to here a sample takes more than # multiply-adds: make the network smaller") \
    FQT_MESSAGE(VALUE_ERROR, LAST_LAYER, "the last layer must have weights and no activation") \
    FQT_MESSAGE(VALUE_ERROR, OUTPUT_COUNT, "# outputs, # to # are possible") \
    FQT_MESSAGE(VALUE_ERROR, PIXEL_CLASSES, \
        "# channels: pixelwise_cross_entropy is of 2 to # classes, a channel each") \
    FQT_MESSAGE(VALUE_ERROR, MUCH_MEMORY, "it needs more than # bytes of memory: make it smaller") \
    FQT_MESSAGE(VALUE_ERROR, OTHER_MODEL, "the checkpoint is of another model") \
    FQT_MESSAGE(VALUE_ERROR, OTHER_LAYER, "the checkpoint describes another layer here") \
    /* layers and their graph */ \
    FQT_MESSAGE(VALUE_ERROR, NO_READER, "no layer reads its output") \
    FQT_MESSAGE(VALUE_ERROR, OTHER_READER, "another layer reads its input too: leave the flatten out") \
    FQT_MESSAGE(VALUE_ERROR, KERNEL, \
        "kernel #, stride #, padding #: kernel and stride are at least 1, padding is below kernel") \
    FQT_MESSAGE(VALUE_ERROR, LARGE_KERNEL, "kernel # is larger than the input # with its padding #") \
    FQT_MESSAGE(VALUE_ERROR, OUTPUT_EXTENT, "output extent is #, the window makes #") \
    FQT_MESSAGE(VALUE_ERROR, NO_WINDOW, "it has a window, this layer slides none") \
    FQT_MESSAGE(VALUE_ERROR, ONE_PIXEL, "output is # x #, this layer's is 1 x 1") \
    FQT_MESSAGE(VALUE_ERROR, SAME_CHANNELS, "# channels in, # out: this layer keeps them") \
    FQT_MESSAGE(VALUE_ERROR, FLATTEN, "# elements in, # out: flatten keeps them") \
    FQT_MESSAGE(VALUE_ERROR, POOL_PADDING, "average pooling takes no padding") \
    FQT_MESSAGE(VALUE_ERROR, UPSAMPLING, \
        "an upsampled element fills its stride (kernel = stride), or one place of it (kernel 1 x 1); no padding") \
    FQT_MESSAGE(VALUE_ERROR, OTHER_SHAPE, "tensor # has a shape that does not fit the output's") \
    FQT_MESSAGE(VALUE_ERROR, SAME_INPUTS, "it reads tensor # twice") \
    FQT_MESSAGE(VALUE_ERROR, FILTER, "# inputs a filter, at most # fit 32-bit sums") \
    FQT_MESSAGE(VALUE_ERROR, TAPS, "# kernel taps times output channels, at most # fit 32-bit sums") \
    FQT_MESSAGE(VALUE_ERROR, FRONT_TRAINS, \
        "layer # in front of it trains: freeze all that lies before an lstm or gru") \
    FQT_MESSAGE(VALUE_ERROR, POSITIONS, "# output positions, at most # can train in 32-bit sums") \
    /* layer kinds that a module was built without, in the order of their numbers: model/ */ \
    FQT_MESSAGE(VALUE_ERROR, LACKS_DENSE, \
        "this module has no dense: `fqt install MODEL` brings one that has, or make natmod KINDS=...") \
    FQT_MESSAGE(VALUE_ERROR, LACKS_CONV2D, \
        "this module has no conv2d: `fqt install MODEL` brings one that has, or make natmod KINDS=...") \
    FQT_MESSAGE(VALUE_ERROR, LACKS_MAX_POOL2D, \
        "this module has no max_pool2d: `fqt install MODEL` brings one that has, or make natmod KINDS=...") \
    FQT_MESSAGE(VALUE_ERROR, LACKS_FLATTEN, \
        "this module has no flatten: `fqt install MODEL` brings one that has, or make natmod KINDS=...") \
    FQT_MESSAGE(VALUE_ERROR, LACKS_DEPTHWISE_CONV2D, \
        "this module has no depthwise_conv2d: `fqt install MODEL` brings one that has, or make natmod KINDS=...") \
    FQT_MESSAGE(VALUE_ERROR, LACKS_AVERAGE_POOL2D, \
        "this module has no average_pool2d: `fqt install MODEL` brings one that has, or make natmod KINDS=...") \
    FQT_MESSAGE(VALUE_ERROR, LACKS_ADD, \
        "this module has no add: `fqt install MODEL` brings one that has, or make natmod KINDS=...") \
    FQT_MESSAGE(VALUE_ERROR, LACKS_MULTIPLY, \
        "this module has no multiply: `fqt install MODEL` brings one that has, or make natmod KINDS=...") \
    FQT_MESSAGE(VALUE_ERROR, LACKS_TABLE, \
        "this module has no table: `fqt install MODEL` brings one that has, or make natmod KINDS=...") \
    FQT_MESSAGE(VALUE_ERROR, LACKS_CONCATENATE, \
        "this module has no concatenate: `fqt install MODEL` brings one that has, or make natmod KINDS=...") \
    FQT_MESSAGE(VALUE_ERROR, LACKS_UPSAMPLE2D, \
        "this module has no upsample2d: `fqt install MODEL` brings one that has, or make natmod KINDS=...") \
    FQT_MESSAGE(VALUE_ERROR, LACKS_LSTM, \
        "this module has no lstm: `fqt install MODEL` brings one that has, or make natmod KINDS=...") \
    FQT_MESSAGE(VALUE_ERROR, LACKS_GRU, \
        "this module has no gru: `fqt install MODEL` brings one that has, or make natmod KINDS=...") \
    /* arguments: natmod/binding */ \
    FQT_MESSAGE(TYPE_ERROR, MODEL_NEEDED, "a Model is needed") \
    FQT_MESSAGE(TYPE_ERROR, SOURCE, "a model comes from a buffer or a file opened with 'rb', of at most 2 GB") \
    FQT_MESSAGE(VALUE_ERROR, MASTER, "master is 8, 12 or 16 (bits kept of each trainable weight)") \
    FQT_MESSAGE(VALUE_ERROR, BATCH, "batch is 1 to # (steps whose gradients are summed before an update)") \
    FQT_MESSAGE(VALUE_ERROR, BUFFER_RESIZED, "the buffer that the model was made from changed its size") \
    FQT_MESSAGE(TYPE_ERROR, UINT8_INPUT, \
        "input must be uint8 (bytes, bytearray, array 'B') or array 'f' (with a map of the input also 'h')") \
    FQT_MESSAGE(TYPE_ERROR, INT8_INPUT, \
        "input must be int8 (array 'b', or its bytes; no array 'B') or array 'f' (with a map of the input also 'h')") \
    FQT_MESSAGE(VALUE_ERROR, INPUT_ELEMENT, "input element # is not a finite number") \
    FQT_MESSAGE(VALUE_ERROR, SAMPLE_BYTES, "a sample has # elements (# bytes here), buffer has # bytes") \
    FQT_MESSAGE(VALUE_ERROR, INDEX, "buffer holds # samples: no such index") \
    FQT_MESSAGE(TYPE_ERROR, INDEX_TYPE, "index and offset must be integers below 2^30") \
    FQT_MESSAGE(TYPE_ERROR, FEATURES, "features must be bytes, as features() wrote them") \
    FQT_MESSAGE(VALUE_ERROR, NO_FEATURES, \
        "there are no features: no layer in front is frozen while others train") \
    FQT_MESSAGE(VALUE_ERROR, FEATURES_OUT, "out must be a bytearray with # bytes from offset on, it has #") \
    FQT_MESSAGE(TYPE_ERROR, OUT_TYPE, "out must be a buffer that can be written to: a bytearray or an array") \
    FQT_MESSAGE(VALUE_ERROR, SCORES_OUT, "out must be an array 'f' of # elements") \
    FQT_MESSAGE(VALUE_ERROR, LABEL, "label must be 0 to #") \
    FQT_MESSAGE(TYPE_ERROR, LABEL_TYPE, "label must be an integer, 0 to #") \
    FQT_MESSAGE(TYPE_ERROR, PIXEL_LABELS, "target must be bytes or array 'B': the labels of # pixels, row by row") \
    FQT_MESSAGE(VALUE_ERROR, PIXEL_LABEL, "the label of pixel # must be 0 to #, or 255: it does not count") \
    FQT_MESSAGE(VALUE_ERROR, TARGET_ELEMENT, \
        "target element # must be a number from -16383 to 16383, of the outputs' map where they have one") \
    FQT_MESSAGE(VALUE_ERROR, BINARY_TARGET, "target element # must be 0 to 1 (binary_cross_entropy)") \
    FQT_MESSAGE(VALUE_ERROR, NO_INPUT_AS_TARGET, "a target is needed: features do not tell the input") \
    FQT_MESSAGE(VALUE_ERROR, INPUT_AS_TARGET, \
        "a target is needed: the input has # elements, the output # (with a map of the outputs: in other units)") \
    FQT_MESSAGE(VALUE_ERROR, NO_OUTPUT_MAP, \
        "the model has no map of its outputs: Sequential.standardize_data(x, y) on the desk makes one") \
    FQT_MESSAGE(VALUE_ERROR, MAP_OUTPUT, \
        "an output, 0 to #, is mapped by a finite offset and a scale from 2^-64 to 2^64") \
    FQT_MESSAGE(VALUE_ERROR, TARGET_TYPECODE, "target must be an array 'f' of # elements") \
    FQT_MESSAGE(TYPE_ERROR, TARGET, "target must be an array 'f', as long as the output") \
    FQT_MESSAGE(VALUE_ERROR, LEARNING_RATE, "lr must be a finite number, 0 or more") \
    FQT_MESSAGE(VALUE_ERROR, WEIGHT_DECAY, "weight_decay must be a finite number, 0 or more") \
    FQT_MESSAGE(VALUE_ERROR, UPDATE_RATE, \
        "update_rate is (least, greatest) or one number, above 0 and at most 1") \
    FQT_MESSAGE(VALUE_ERROR, UPDATE_RATES, "update_rate is (least, greatest): the first is above the second") \
    FQT_MESSAGE(VALUE_ERROR, NOTHING_TRAINS, \
        "no layer trains: unfreeze() one, or choose some when the model is made (quantize(..., train=) on the desk)") \
    FQT_MESSAGE(VALUE_ERROR, NOT_TRAINABLE, \
        "it has no weights that train (they are chosen when the model is made: quantize(..., train=) on the desk)") \
    FQT_MESSAGE(RUNTIME_ERROR, DIVERGED, \
        "training diverged: its output stays beyond its range; lower lr, and restore() the last good weights") \
    FQT_MESSAGE(RUNTIME_ERROR, BEYOND_RANGE, \
        "its output is beyond its range though lr is 0: restore() good weights or reset() it; see net.clipped") \
    FQT_MESSAGE(RUNTIME_ERROR, SILENT, \
        "training diverged, or samples are dark: its output is 0 for 1000 of them; if it died, restore() or reset()") \
    FQT_MESSAGE(RUNTIME_ERROR, SILENT_AT_REST, \
        "its output is 0 for 1000 samples: are they dark? If it died, restore() good weights or reset() it") \
    FQT_MESSAGE(VALUE_ERROR, LAYER_NUMBER, "no such layer: layers are 1 to #, or names") \
    FQT_MESSAGE(TYPE_ERROR, LAYER_TYPE, "a layer is a number, 1 to #, or a name") \
    FQT_MESSAGE(VALUE_ERROR, LAYER_NAME, "no layer has that name: print the model to see them") \
    FQT_MESSAGE(TYPE_ERROR, ORDER, "order must be an array 'H'") \
    /* files, data, fit: micropython_lib/fqt */ \
    FQT_MESSAGE(TYPE_ERROR, PATH, "a path is needed (str), not #") \
    FQT_MESSAGE(VALUE_ERROR, CHECKPOINT_PLACE, \
        "'#' is there and no checkpoint: a checkpoint replaces no other file; choose another path") \
    FQT_MESSAGE(ATTRIBUTE_ERROR, ATTRIBUTE, \
        "# cannot be set: update_rate, standardize, weight_decay and sample_updates can") \
    FQT_MESSAGE(VALUE_ERROR, NO_CLASSES, \
        "evaluate counts classes, this model has none: loss_for(x, target) tells how well a sample fits") \
    FQT_MESSAGE(TYPE_ERROR, DATA, \
        "data is (samples, targets), two buffers, or a sequence of (sample, target), not #") \
    FQT_MESSAGE(TYPE_ERROR, DATA_ITEM, \
        "item # of data is no (sample, target); data can also be two buffers: (samples, targets)") \
    FQT_MESSAGE(VALUE_ERROR, NO_SAMPLES, "no samples: data is empty") \
    FQT_MESSAGE(VALUE_ERROR, MANY_SAMPLES, "# samples: at most 65535 are possible") \
    FQT_MESSAGE(VALUE_ERROR, PARTIAL_SAMPLE, "samples of # elements in all: one has #, they end within one") \
    FQT_MESSAGE(VALUE_ERROR, PARTIAL_TARGET, "targets of # numbers in all: one has #, they end within one") \
    FQT_MESSAGE(VALUE_ERROR, TARGET_COUNT, \
        "# samples, but # targets: one label or number a sample, or rows in an array 'f'") \
    FQT_MESSAGE(VALUE_ERROR, SAMPLE_OF, "item # of data: its sample is no buffer of # elements") \
    FQT_MESSAGE(VALUE_ERROR, LABEL_OF, \
        "label # is #: labels are integers, 0 to # (of a one-hot row: the index of its 1)") \
    FQT_MESSAGE(VALUE_ERROR, PIXELS_OF, "target # is no bytes of # labels, one a pixel: 0 to #, or 255") \
    FQT_MESSAGE(VALUE_ERROR, LABELS_NEEDED, "labels are needed, integers from 0 to #: None is none") \
    FQT_MESSAGE(TYPE_ERROR, CACHE, "cache is True (in RAM) or a path (a file while fit runs), not #") \
    FQT_MESSAGE(VALUE_ERROR, CACHE_PLACE, \
        "'#' is there and no cache: a cache replaces no other file; choose another path") \
    FQT_MESSAGE(VALUE_ERROR, NOTHING_TO_CACHE, \
        "nothing to cache: no layer in front is frozen while others train; leave cache= out") \
    FQT_MESSAGE(VALUE_ERROR, CACHE_CHANGED, \
        "layers were frozen or unfrozen: what is cached no longer fits; call fit again") \
    FQT_MESSAGE(VALUE_ERROR, SAME_FILE, "cache and keep name one file: choose two") \
    FQT_MESSAGE(VALUE_ERROR, SCHEDULE, "schedule is 'linear', 'constant' or 'cosine', not #") \
    FQT_MESSAGE(VALUE_ERROR, EPOCHS, "epochs is an integer from 1 to #, not #") \
    FQT_MESSAGE(VALUE_ERROR, SECONDS, "seconds is a number above 0 and at most #, not #") \
    FQT_MESSAGE(VALUE_ERROR, EVERY, "every is an integer from 1 to #, not #") \
    FQT_MESSAGE(TYPE_ERROR, SEED, "seed is an integer, not #") \
    FQT_MESSAGE(RUNTIME_ERROR, RESTORED, "#: those of # are back") \
    FQT_MESSAGE(RUNTIME_ERROR, DATA_MODULE, \
        "fqt.# is in #.mpy, which is not on this board: put it beside fqt.mpy (dist/ has both)") \
    FQT_MESSAGE(RUNTIME_ERROR, FIT_WAITS, \
        "fit trains only while it is iterated: for progress in fqt.fit(...): print(progress)")
// clang-format on

enum { FQT_VALUE_ERROR, FQT_TYPE_ERROR, FQT_RUNTIME_ERROR, FQT_ATTRIBUTE_ERROR };

#define FQT_MESSAGE(exception, name, text) FQT_LINE_##name,
enum { FQT_MESSAGES };
#undef FQT_MESSAGE

// The number of a message: its line, and above that its exception.
#define FQT_MESSAGE(exception, name, text) FQT_MESSAGE_##name = FQT_##exception << 8 | FQT_LINE_##name,
enum { FQT_MESSAGES };
#undef FQT_MESSAGE

#endif
