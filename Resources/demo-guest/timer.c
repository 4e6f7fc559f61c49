#include "timer.h"

#include "interrupts.h"
#include "io.h"

enum { CHANNEL_0 = 0x40, CONTROL = 0x43, TIMER_LINE = 0 };

enum { FASTEST_TICKS = 100 };  // a second, when frames need none

static uint32_t ticks_per_frame;
static bool always;
static volatile uint32_t ticks;

INTERRUPT_HANDLER static void tick(struct interrupt_frame *frame) {
    (void)frame;
    ticks++;
    interrupts_done(TIMER_LINE);
}

void timer_start(uint32_t rate) {
    const uint32_t input = 1193182;  // Hz
    always = rate == 0;
    if (always) rate = FASTEST_TICKS;
    // The divider has 16 bits, so slow rates take several ticks a frame.
    ticks_per_frame = 1;
    while (input / (rate * ticks_per_frame) > 65535) ticks_per_frame++;
    uint32_t divider = input / (rate * ticks_per_frame);
    outb(CONTROL, 0x34);  // channel 0, both bytes, rate generator
    outb(CHANNEL_0, (uint8_t)divider);
    outb(CHANNEL_0, (uint8_t)(divider >> 8));
    ticks = 0;
    interrupts_connect(TIMER_LINE, tick);
}

bool timer_due(void) { return always || (ticks_per_frame && ticks >= ticks_per_frame); }

void timer_clear(void) { ticks = 0; }
