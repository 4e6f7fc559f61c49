// What changed in a picture since it was last shown: exact rectangles.
#pragma once

#include <stdint.h>

#include "layout.h"

enum { MAXIMUM_DAMAGE = 32 };

struct damage {
    struct rectangle areas[MAXIMUM_DAMAGE];
    uint32_t count;
};

// Adds an area. One that lies in another is left out; when there is no room, all become one.
void damage_add(struct damage *damage, struct rectangle area);
// Makes one rectangle of all, that holds them.
void damage_merge(struct damage *damage);
