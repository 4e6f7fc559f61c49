#include "arena.h"

enum {
    // Not at a round address, as framebuffers are: where two rows that are copied differ by a power of two, an emulator's table of
    // pages has one place for both, and each pixel throws out the other's (a tenth of the speed on QEMU 7.2).
    FIRST = 0x1025000,
    UPPER_BEGIN = 0x100000,
    PAGE = 4096,
    MAXIMUM_AREAS = 64,
    HIGHEST_KILOBYTES = 0xBFF00,  // 3 GiB, below what devices take
};

struct area {
    uint32_t begin, end;
};

static struct area areas[MAXIMUM_AREAS];  // in use, in the order of their addresses
static uint32_t area_count, limit;

void arena_setup(uint32_t upper_kilobytes) {
    if (upper_kilobytes > HIGHEST_KILOBYTES) upper_kilobytes = HIGHEST_KILOBYTES;
    limit = UPPER_BEGIN + upper_kilobytes * 1024;
}

uint32_t *arena_take(uint32_t pixels) {
    uint32_t size = (pixels * 4 + PAGE - 1) & ~(uint32_t)(PAGE - 1);
    uint32_t begin = FIRST;
    if (area_count == MAXIMUM_AREAS) return NULL;
    for (uint32_t i = 0; i <= area_count; i++) {
        uint32_t end = i < area_count ? areas[i].begin : limit;
        if (end > begin && end - begin >= size) {
            for (uint32_t j = area_count; j > i; j--) areas[j] = areas[j - 1];
            areas[i] = (struct area){begin, begin + size};
            area_count++;
            return (uint32_t *)begin;
        }
        begin = i < area_count ? areas[i].end : begin;
    }
    return NULL;
}

void arena_give_back(uint32_t *memory) {
    uint32_t i = 0;
    while (i < area_count && areas[i].begin != (uint32_t)memory) i++;
    if (i == area_count) return;
    area_count--;
    for (; i < area_count; i++) areas[i] = areas[i + 1];
}
