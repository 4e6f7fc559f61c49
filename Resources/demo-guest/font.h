// Text on the card: glyphs of 5x8 pixels in cells of 6x8, each enlarged by a whole factor.
#pragma once

#include <stdint.h>

enum { GLYPH_WIDTH = 6, GLYPH_HEIGHT = 8 };

// Draws a line of text. Pixels that belong to no stroke become background.
void font_draw(int32_t x, int32_t y, int32_t scale, uint32_t colour, const char *text);
// Whether a glyph has a stroke at a pixel (x below GLYPH_WIDTH, y below GLYPH_HEIGHT).
int font_stroke(char character, int32_t x, int32_t y);
