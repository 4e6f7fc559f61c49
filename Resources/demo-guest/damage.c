#include "damage.h"

#include <stdbool.h>

static bool holds(struct rectangle outer, struct rectangle inner) {
    return inner.x >= outer.x && inner.y >= outer.y &&
           inner.x + inner.width <= outer.x + outer.width &&
           inner.y + inner.height <= outer.y + outer.height;
}

static struct rectangle joined(struct rectangle a, struct rectangle b) {
    int32_t left = a.x < b.x ? a.x : b.x, top = a.y < b.y ? a.y : b.y;
    int32_t right = a.x + a.width > b.x + b.width ? a.x + a.width : b.x + b.width;
    int32_t bottom = a.y + a.height > b.y + b.height ? a.y + a.height : b.y + b.height;
    return (struct rectangle){left, top, right - left, bottom - top};
}

void damage_merge(struct damage *damage) {
    for (uint32_t i = 1; i < damage->count; i++)
        damage->areas[0] = joined(damage->areas[0], damage->areas[i]);
    if (damage->count > 1) damage->count = 1;
}

void damage_add(struct damage *damage, struct rectangle area) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < damage->count; i++)
        if (holds(damage->areas[i], area)) return;
    for (uint32_t i = 0; i < damage->count; i++)
        if (!holds(area, damage->areas[i])) damage->areas[kept++] = damage->areas[i];
    damage->count = kept;
    if (damage->count == MAXIMUM_DAMAGE) damage_merge(damage);
    damage->areas[damage->count++] = area;
}
