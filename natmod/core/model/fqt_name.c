// See fqt_name.h.
#include "fqt_name.h"

static bool all_zero(const void *bytes, uint32_t count) {
    for (const uint8_t *byte = bytes; count--;) {
        if (*byte++ != 0) {
            return false;
        }
    }
    return true;
}

bool fqt_utf8_take(fqt_utf8_t *text, uint32_t byte) {
    if (text->missing > 0) {
        if (byte < text->least || byte > text->most) {
            return false;
        }
        --text->missing;
    } else if (byte >= 0x80) {
        if (byte < 0xC2 || byte > 0xF4) {
            return false;
        }
        text->missing = byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
        text->least = byte == 0xE0 ? 0xA0 : byte == 0xF0 ? 0x90 : 0x80; // none longer than needed
        // No half of a surrogate pair, none beyond Unicode.
        text->most = byte == 0xED ? 0x9F : byte == 0xF4 ? 0x8F : 0xBF;
        return true;
    }
    text->least = 0x80;
    text->most = 0xBF;
    return true;
}

void fqt_name_check(const char name[FQT_NAME_BYTES], const fqt_fault_t *fault) {
    const uint8_t *text = (const uint8_t *)name;
    fqt_utf8_t utf8 = {0, 0, 0};
    uint32_t length = 0;
    bool is_text = true;
    for (; length < FQT_NAME_BYTES && text[length] != 0; ++length) {
        is_text &= fqt_utf8_take(&utf8, text[length]);
    }
    if (!is_text || utf8.missing > 0) {
        fqt_fail(fault, FQT_MESSAGE_NAME_TEXT);
    }
    if (length == 0 || !all_zero(text + length, FQT_NAME_BYTES - length)) {
        fqt_fail(fault, FQT_MESSAGE_NO_NAME);
    }
}
