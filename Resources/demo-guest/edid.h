// A monitor's description as the host gives it (VESA E-EDID 1.4, 3.6 to 3.10).
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "options.h"

struct edid {
    struct mode preferred;
    uint32_t rate;  // Hz, rounded
    uint32_t width_mm, height_mm;
    char name[14];
};

// Reads the first block: its preferred timing and the monitor's name. False when it is not an EDID.
bool edid_parse(const uint8_t *bytes, uint32_t size, struct edid *edid);
