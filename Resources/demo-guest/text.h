// Building short lines of text without a C library.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A line under construction. What does not fit is cut off; `text` always ends in a zero byte.
struct line {
    char text[96];
    size_t length;
};

void line_clear(struct line *line);
void line_char(struct line *line, char character);
void line_string(struct line *line, const char *string);
void line_decimal(struct line *line, uint32_t value);
void line_signed(struct line *line, int32_t value);
void line_hex_byte(struct line *line, uint8_t value);
// Appends spaces until the line has `length` characters.
void line_pad(struct line *line, size_t length);

// Whether `text` begins with `prefix`; if so `*rest` is what follows.
bool text_after(const char *text, const char *prefix, const char **rest);
// Reads a decimal number of at most `maximum`; `*text` moves behind it.
bool text_number(const char **text, uint32_t maximum, uint32_t *value);
