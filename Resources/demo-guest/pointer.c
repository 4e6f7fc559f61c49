#include "pointer.h"

#include "colours.h"

static const char sprite[POINTER_HEIGHT][POINTER_WIDTH + 1] = {
    "#           ",
    "##          ",
    "#.#         ",
    "#..#        ",
    "#...#       ",
    "#....#      ",
    "#.....#     ",
    "#......#    ",
    "#.......#   ",
    "#........#  ",
    "#.........# ",
    "#..........#",
    "#......#####",
    "#...#..#    ",
    "#..##..#    ",
    "#.#  #..#   ",
    "##   #..#   ",
    "#     #..#  ",
    "      ####  ",
};

bool pointer_pixel(int32_t x, int32_t y, uint8_t buttons, uint32_t *colour) {
    char pixel = sprite[y][x];
    if (pixel == ' ') return false;
    *colour = pixel == '#' ? BLACK : buttons ? ORANGE : WHITE;
    return true;
}
