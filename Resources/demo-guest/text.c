#include "text.h"

void line_clear(struct line *line) {
    line->length = 0;
    line->text[0] = 0;
}

void line_char(struct line *line, char character) {
    if (line->length + 1 < sizeof line->text) {
        line->text[line->length++] = character;
        line->text[line->length] = 0;
    }
}

void line_string(struct line *line, const char *string) {
    while (*string) line_char(line, *string++);
}

void line_decimal(struct line *line, uint32_t value) {
    char digits[10];
    int count = 0;
    do {
        digits[count++] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    while (count) line_char(line, digits[--count]);
}

void line_signed(struct line *line, int32_t value) {
    if (value < 0) line_char(line, '-');
    line_decimal(line, value < 0 ? 0u - (uint32_t)value : (uint32_t)value);
}

void line_hex_byte(struct line *line, uint8_t value) {
    line_char(line, "0123456789abcdef"[value >> 4]);
    line_char(line, "0123456789abcdef"[value & 15]);
}

void line_pad(struct line *line, size_t length) {
    while (line->length < length && line->length + 1 < sizeof line->text) line_char(line, ' ');
}

bool text_after(const char *text, const char *prefix, const char **rest) {
    while (*prefix)
        if (*text++ != *prefix++) return false;
    *rest = text;
    return true;
}

bool text_number(const char **text, uint32_t maximum, uint32_t *value) {
    const char *at = *text;
    uint32_t number = 0;
    if (*at < '0' || *at > '9') return false;
    for (; *at >= '0' && *at <= '9'; at++) {
        uint32_t digit = (uint32_t)(*at - '0');
        if (number > (maximum - digit) / 10) return false;
        number = number * 10 + digit;
    }
    *text = at;
    *value = number;
    return true;
}
