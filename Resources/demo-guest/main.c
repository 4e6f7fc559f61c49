// swiftvm's demo guest: a test card that moves, echoes each scancode and draws the mouse, so that a
// person sees that a viewer works, and a test can say exactly what it must show.
//
// Boot it with  qemu-system-x86_64 -kernel demo-guest.elf -append "1366x768 still"
// README.md has the words of the command line, the places of the cells, the lines on the serial
// port and the commands that it takes there.

#include "card.h"
#include "i8042.h"
#include "input.h"
#include "interrupts.h"
#include "io.h"
#include "motion.h"
#include "options.h"
#include "panel.h"
#include "screen.h"
#include "serial.h"
#include "text.h"
#include "timer.h"
#include "vbe.h"

enum {
    MULTIBOOT_LOADED = 0x2BADB002,
    HAS_MEMORY = 1 << 0,
    HAS_COMMAND_LINE = 1 << 2,
    KEY_F10 = 0x44,
    KEY_F11 = 0x57,
    KEY_F12 = 0x58,
    FRAMES_PER_LINE = 100,
};

// The head of what a Multiboot 1 loader hands over.
struct multiboot_info {
    uint32_t flags;
    uint32_t memory_lower;
    uint32_t memory_upper;  // KiB above 1 MiB
    uint32_t boot_device;
    const char *command_line;
};

void guest_main(uint32_t magic, const struct multiboot_info *info);

static struct options options;
static struct mode current;
static uint32_t frame;
static size_t next_mode;
static bool blank, text;
static uint8_t mouse_kind;

static void tell(const char *word, uint32_t value) {
    struct line line;
    line_clear(&line);
    line_string(&line, word);
    line_char(&line, ' ');
    line_decimal(&line, value);
    serial_line(&line);
}

static void tell_mode(const char *word, struct mode mode) {
    struct line line;
    line_clear(&line);
    line_string(&line, word);
    line_char(&line, ' ');
    line_decimal(&line, mode.width);
    line_char(&line, 'x');
    line_decimal(&line, mode.height);
    serial_line(&line);
}

static void draw_all(void) {
    if (!options.full) {
        card_draw();
        panel_draw(true);
    }
    motion_draw(frame, options.full);
    screen_place_pointer();
    screen_show((struct rectangle){0, 0, screen.width, screen.height});
}

// VGA has only widths that are a multiple of 8: for 1366x768 it gets 1360x768.
static bool set_near_mode(struct mode *mode, struct framebuffer *framebuffer) {
    if (!screen_fits(*mode)) return false;
    if (vbe_set_mode(*mode, framebuffer)) return true;
    mode->width &= (uint16_t)~7;
    return vbe_set_mode(*mode, framebuffer);
}

static void set_mode(struct mode mode) {
    struct framebuffer framebuffer;
    struct mode wanted = mode;
    text = false;
    bool done = set_near_mode(&mode, &framebuffer);
    if (mode.width != wanted.width || !done) tell_mode("mode-refused", wanted);
    if (!done) {
        if (current.width == 0) return;
        mode = current;
        if (!vbe_set_mode(mode, &framebuffer)) return;
    }
    current = mode;
    screen_setup(mode, &framebuffer);
    input_centre(screen.width, screen.height);
    draw_all();
    tell_mode("mode", mode);
    tell("frame", frame);
}

static void go_to_next_mode(void) {
    if (options.mode_count == 0) return;
    set_mode(options.modes[next_mode]);
    next_mode = (next_mode + 1) % options.mode_count;
}

static void toggle_blank(void) {
    if (text || !vbe_is_vga()) {
        serial_word("blank refused");
        return;
    }
    blank = !blank;
    vbe_set_blank(blank);
    serial_word(blank ? "blank on" : "blank off");
}

static void toggle_text(void) {
    if (!vbe_is_vga()) {
        serial_word("text refused");
        return;
    }
    if (text) {
        set_mode(current);
        return;
    }
    text = true;
    blank = false;
    vbe_set_text("swiftvm demo guest: text mode");
    serial_word("text");
}

static void draw_next_frame(void) {
    frame++;
    motion_next(frame, options.full);
    if (frame % FRAMES_PER_LINE == 0 || !options.moving) tell("frame", frame);
}

static void set_moving(bool moving) {
    options.moving = moving;
    timer_clear();
    serial_word(moving ? "moving" : "still");
    tell("frame", frame);
}

static void clear_input(void) {
    input_clear(screen.width, screen.height);
    if (!text) draw_all();
    serial_word("cleared");
}

static void obey(char command) {
    switch (command) {
        case 'n': go_to_next_mode(); break;
        case 'b': toggle_blank(); break;
        case 't': toggle_text(); break;
        case 'm': set_moving(true); break;
        case 's': set_moving(false); break;
        case '.': if (!text) draw_next_frame(); break;
        case 'c': clear_input(); break;
        default: break;
    }
}

static void take_byte(struct i8042_byte byte) {
    if (byte.from_mouse) {
        if (input_mouse_byte(byte.value, mouse_kind, screen.width, screen.height) && !text)
            panel_mouse(!options.full);
        return;
    }
    uint8_t pressed = input_key_byte(byte.value);
    if (!text) panel_key(!options.full);
    if (pressed == KEY_F12) go_to_next_mode();
    if (pressed == KEY_F11 && options.blank_key) toggle_blank();
    if (pressed == KEY_F10 && options.text_key) toggle_text();
}

static bool frame_due(void) { return options.moving && !text && timer_due(); }

static void run(void) {
    for (;;) {
        interrupts_off();
        if (!i8042_byte_waits() && !serial_command_waits() && !frame_due())
            interrupts_on_and_wait();
        else
            interrupts_on();
        while (i8042_byte_waits()) take_byte(i8042_take());
        char command;
        while ((command = serial_command())) obey(command);
        if (frame_due()) {
            timer_clear();
            draw_next_frame();
        }
    }
}

void guest_main(uint32_t magic, const struct multiboot_info *info) {
    interrupts_setup();
    serial_setup();
    bool loaded = magic == MULTIBOOT_LOADED;
    options_parse(&options, loaded && info->flags & HAS_COMMAND_LINE ? info->command_line : "");
    screen_set_memory(loaded && info->flags & HAS_MEMORY ? info->memory_upper : 0);
    serial_start_interrupts();
    if (!vbe_setup()) {
        serial_word("no-display");
    } else {
        mouse_kind = i8042_setup();
        set_mode(options.mode);
        if (current.width == 0) set_mode((struct mode){1280, 720});
        if (current.width == 0) set_mode((struct mode){640, 480});
    }
    if (current.width == 0)
        for (;;) interrupts_on_and_wait();
    timer_start(options.rate);
    tell("mouse-kind", mouse_kind);
    serial_word("ready");
    run();
}
