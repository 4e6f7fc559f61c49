// swiftvm's demo guest: a test card that moves, echoes each scancode and draws the mouse, so that a
// person sees that a viewer works, and a test can say exactly what it must show.
//
// Boot it with  qemu-system-x86_64 -kernel demo-guest.elf -append "1366x768 still"
// README.md has the words of the command line, the places of the cells, the lines on the serial
// port and the commands that it takes there.

#include "arena.h"
#include "commands.h"
#include "evdev.h"
#include "gpu_queue.h"
#include "heads.h"
#include "i8042.h"
#include "input.h"
#include "interrupts.h"
#include "io.h"
#include "motion.h"
#include "options.h"
#include "panel.h"
#include "serial.h"
#include "text.h"
#include "timer.h"
#include "vbe.h"
#include "virtio.h"
#include "virtio_input.h"

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
static size_t next_mode;
static bool blank;
static uint8_t mouse_kind;

static void go_to_next_mode(void) {
    if (options.mode_count == 0) return;
    heads_set(0, options.modes[next_mode]);
    next_mode = (next_mode + 1) % options.mode_count;
}

// Text mode and blanking are a VGA's.
static bool is_vga(void) { return !heads_are_virtio() && vbe_is_vga(); }

static void toggle_blank(void) {
    if (heads_are_text() || !is_vga()) {
        serial_word("blank refused");
        return;
    }
    blank = !blank;
    vbe_set_blank(blank);
    serial_word(blank ? "blank on" : "blank off");
}

static void toggle_text(void) {
    if (!is_vga()) {
        serial_word("text refused");
        return;
    }
    if (heads_are_text()) {
        heads_set(0, heads_mode(0));
        return;
    }
    blank = false;
    vbe_set_text("swiftvm demo guest: text mode");
    serial_word("text");
}

static void toggle_display(void) {
    blank = false;
    if (!heads_switch(!heads_are_virtio())) serial_word("display refused");
}

static void draw_next_frame(void) {
    motion.frame++;
    for (uint32_t at = 0; heads_next(&at);) motion_next();
    heads_flush();
    if (motion.frame % FRAMES_PER_LINE == 0 || !options.moving) heads_tell_frame();
}

static void set_moving(bool moving) {
    options.moving = moving;
    timer_clear();
    serial_word(moving ? "moving" : "still");
    heads_tell_frame();
}

static void clear_input(void) {
    input_clear();
    heads_draw();
    heads_show_pointer();
    heads_flush();
    serial_word("cleared");
}

static void obey(char command) {
    switch (command) {
        case 'n': go_to_next_mode(); break;
        case 'b': toggle_blank(); break;
        case 't': toggle_text(); break;
        case 'v': toggle_display(); break;
        case 'm': set_moving(true); break;
        case 's': set_moving(false); break;
        case '.': if (!heads_are_text()) draw_next_frame(); break;
        case 'c': clear_input(); break;
        default: break;
    }
}

static void show_keys(uint32_t count) {
    for (uint32_t at = 0; heads_next(&at);) panel_keys(count, motion.kind != MOTION_FULL);
}

static void show_pointer(void) {
    for (uint32_t at = 0; heads_next(&at);) panel_mouse(motion.kind != MOTION_FULL);
    heads_show_pointer();
}

static void act_on_key(uint8_t pressed) {
    if (pressed == KEY_F12) go_to_next_mode();
    if (pressed == KEY_F11 && options.blank_key) toggle_blank();
    if (pressed == KEY_F10 && options.text_key) toggle_text();
}

static void take_byte(struct i8042_byte byte) {
    if (byte.from_mouse) {
        if (input_mouse_byte(byte.value, mouse_kind)) show_pointer();
        return;
    }
    input_key_byte(byte.value);
    uint8_t pressed = input_log_byte(byte.value);
    show_keys(1);
    act_on_key(pressed);
}

static void take_event(struct virtio_input_event event) {
    uint32_t before = input.key_count;
    uint8_t pressed;
    switch (evdev_take(event, &pressed)) {
        case EVDEV_KEY:
            for (uint32_t at = 0; heads_next(&at);) panel_event();
            if (input.key_count != before) show_keys(input.key_count - before);
            act_on_key(pressed);
            break;
        case EVDEV_POINTER: show_pointer(); break;
        case EVDEV_NOTHING: break;
    }
}

static bool frame_due(void) { return options.moving && !heads_are_text() && timer_due(); }

static bool something_waits(void) {
    return i8042_byte_waits() || virtio_input_waits() || serial_command_waits() ||
           gpu_event_waits() || frame_due();
}

static void run(void) {
    for (;;) {
        virtio_poll();
        interrupts_off();
        if (!something_waits())
            interrupts_on_and_wait();
        else
            interrupts_on();
        while (i8042_byte_waits()) take_byte(i8042_take());
        while (virtio_input_waits()) take_event(virtio_input_take());
        heads_flush();
        while (serial_command_waits()) obey(commands_take(serial_command()));
        heads_follow_host();
        if (frame_due()) {
            timer_clear();
            draw_next_frame();
        }
    }
}

static void tell_mouse_kind(void) {
    struct line line;
    line_clear(&line);
    line_string(&line, "mouse-kind ");
    line_decimal(&line, mouse_kind);
    serial_line(&line);
}

void guest_main(uint32_t magic, const struct multiboot_info *info) {
    interrupts_setup();
    serial_setup();
    bool loaded = magic == MULTIBOOT_LOADED;
    options_parse(&options, loaded && info->flags & HAS_COMMAND_LINE ? info->command_line : "");
    motion.kind = options.motion;
    arena_setup(loaded && info->flags & HAS_MEMORY ? info->memory_upper : 0);
    serial_start_interrupts();
    mouse_kind = i8042_setup();
    virtio_input_setup();
    timer_start(options.rate);
    if (!heads_setup(&options)) {
        serial_word("no-display");
        for (;;) interrupts_on_and_wait();
    }
    timer_clear();
    tell_mouse_kind();
    serial_word("ready");
    run();
}
