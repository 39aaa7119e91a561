// See fqt_name.h.
#include "fqt_name.h"

bool fqt_all_zero(const void *bytes, uint32_t count) {
    for (const uint8_t *byte = bytes; count--;) {
        if (*byte++ != 0) {
            return false;
        }
    }
    return true;
}

void fqt_name_check(const char name[FQT_NAME_BYTES], const fqt_fault_t *fault) {
    const uint8_t *text = (const uint8_t *)name;
    uint32_t length = 0;
    uint32_t missing = 0; // bytes of a character, each from `least` to `most` (RFC 3629)
    uint32_t least = 0x80;
    uint32_t most = 0xBF;
    for (; length < FQT_NAME_BYTES && text[length] != 0; ++length) {
        const uint32_t byte = text[length];
        if (missing > 0) {
            if (byte < least || byte > most) {
                break;
            }
            --missing;
            least = 0x80;
            most = 0xBF;
        } else if (byte >= 0x80) {
            // None begins with the first of these: more bytes are missing then than there are.
            missing = byte < 0xC2 || byte > 0xF4 ? FQT_NAME_BYTES : byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
            least = byte == 0xE0 ? 0xA0 : byte == 0xF0 ? 0x90 : 0x80; // none longer than needed
            most = byte == 0xED ? 0x9F : byte == 0xF4 ? 0x8F : 0xBF; // no half of a surrogate pair, none beyond Unicode
        }
    }
    if (missing > 0) {
        fqt_fail(fault, FQT_MESSAGE_NAME_TEXT);
    }
    if (length == 0 || !fqt_all_zero(text + length, FQT_NAME_BYTES - length)) {
        fqt_fail(fault, FQT_MESSAGE_NO_NAME);
    }
}
