#include "edid.h"

enum {
    BLOCK = 128,
    FIRST_DESCRIPTOR = 54,
    DESCRIPTOR = 18,
    DESCRIPTORS = 4,
    TAG_NAME = 0xFC,
    CLOCK_UNIT = 10000,  // Hz
};

static void parse_timing(const uint8_t *at, struct edid *edid) {
    uint32_t clock = (uint32_t)at[1] << 8 | at[0];
    uint32_t width = at[2] | (at[4] & 0xF0u) << 4, horizontal_blank = at[3] | (at[4] & 0x0Fu) << 8;
    uint32_t height = at[5] | (at[7] & 0xF0u) << 4, vertical_blank = at[6] | (at[7] & 0x0Fu) << 8;
    uint32_t total = (width + horizontal_blank) * (height + vertical_blank);
    edid->preferred = (struct mode){(uint16_t)width, (uint16_t)height};
    edid->rate = total ? (clock * CLOCK_UNIT + total / 2) / total : 0;
    edid->width_mm = at[12] | (at[14] & 0xF0u) << 4;
    edid->height_mm = at[13] | (at[14] & 0x0Fu) << 8;
}

static void parse_name(const uint8_t *at, struct edid *edid) {
    for (uint32_t i = 0; i < sizeof edid->name - 1; i++) {
        uint8_t character = at[5 + i];
        if (character < ' ' || character > '~') return;
        edid->name[i] = (char)character;
    }
}

bool edid_parse(const uint8_t *bytes, uint32_t size, struct edid *edid) {
    static const uint8_t header[8] = {0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0};
    if (size < BLOCK) return false;
    for (uint32_t i = 0; i < sizeof header; i++)
        if (bytes[i] != header[i]) return false;
    uint8_t sum = 0;
    for (uint32_t i = 0; i < BLOCK; i++) sum += bytes[i];
    if (sum) return false;
    *edid = (struct edid){0};
    for (uint32_t i = 0; i < DESCRIPTORS; i++) {
        const uint8_t *at = bytes + FIRST_DESCRIPTOR + i * DESCRIPTOR;
        if ((at[0] || at[1]) && edid->preferred.width == 0) parse_timing(at, edid);
        if (!at[0] && !at[1] && at[3] == TAG_NAME) parse_name(at, edid);
    }
    return true;
}
