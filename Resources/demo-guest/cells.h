// Words as black and white cells, for programs to read: 8 cells that name the place, 32 of the
// value with the highest bit first, 8 of a check byte. README.md has the layout.
#pragma once

#include <stdint.h>

void cells_top_strip(uint32_t frame);
void cells_bottom_strip(uint32_t frame);
void cells_panel_row(int32_t row, uint32_t value);
