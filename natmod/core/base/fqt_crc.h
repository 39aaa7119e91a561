// CRC-32 (IEEE 802.3, as in zip and PNG), four bits at a time: a table of 64 bytes instead of 1024.
#ifndef FQT_CRC_H
#define FQT_CRC_H

#include <stdint.h>

#define FQT_CRC_START (0xFFFFFFFFu)

uint32_t fqt_crc_update(uint32_t crc, const uint8_t *bytes, uint32_t count);

static inline uint32_t fqt_crc_finish(uint32_t crc) {
    return ~crc;
}

#endif
