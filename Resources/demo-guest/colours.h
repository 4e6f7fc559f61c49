// The card's colours, XRGB.
#pragma once

enum colours {
    BLACK = 0x000000,
    WHITE = 0xFFFFFF,
    BACKGROUND = 0x1B2430,
    GRID_LINE = 0x273545,
    DIM = 0x9FB3C8,
    FAINT = 0x3E5066,
    ORANGE = 0xF05138,
    LANE = 0x0E141B,
    STRIPE = 0xFFB199,
};
