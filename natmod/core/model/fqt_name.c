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

// The bytes of the character at the start of `text`; 0 when these are not UTF-8 (RFC 3629). A zero byte ends the text.
static uint32_t character_bytes(const uint8_t *text, uint32_t left) {
    const uint32_t first = *text;
    if (first < 0x80) {
        return 1;
    }
    const uint32_t count = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    uint32_t code = first & (0xFFu >> (count + 1));
    if (first < 0xC2 || first > 0xF4 || count > left) {
        return 0;
    }
    for (uint32_t i = 1; i < count; ++i) {
        if ((text[i] & 0xC0) != 0x80) {
            return 0;
        }
        code = code << 6 | (text[i] & 0x3F);
    }
    // Longer than needed, half of a surrogate pair, or beyond Unicode.
    return code >> (5 * count - 4) == 0 || code >> 11 == 0xD800 >> 11 || code > 0x10FFFF ? 0 : count;
}

void fqt_name_check(const char name[FQT_NAME_BYTES], const fqt_fault_t *fault) {
    const uint8_t *text = (const uint8_t *)name;
    uint32_t length = 0;
    while (length < FQT_NAME_BYTES && text[length] != 0) {
        const uint32_t count = character_bytes(text + length, FQT_NAME_BYTES - length);
        if (count == 0) {
            fqt_fail(fault, FQT_MESSAGE_NAME_TEXT);
        }
        length += count;
    }
    if (length == 0 || !fqt_all_zero(text + length, FQT_NAME_BYTES - length)) {
        fqt_fail(fault, FQT_MESSAGE_NO_NAME);
    }
}
