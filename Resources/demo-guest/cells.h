// Words as black and white cells, for programs to read: 8 cells that name the place, 32 of the
// value with the highest bit first, 8 of a check byte. README.md has the layout.
#pragma once

#include <stdint.h>

#include "layout.h"

void cells_top_strip(uint32_t frame);
void cells_bottom_strip(uint32_t frame);
// A square of 8x8 cells: the six bytes one below the other, then the lower two of the value from right to left, so that the halves of
// two frames make no number.
void cells_block(struct rectangle area, uint32_t frame);
// Where a row of the panel is: 0 to 23, and 24 to 29 in the head's panel.
struct rectangle cells_panel_area(int32_t row);
void cells_panel_row(int32_t row, uint32_t value);
