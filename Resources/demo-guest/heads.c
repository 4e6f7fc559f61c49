#include "heads.h"

#include "arena.h"
#include "card.h"
#include "gpu_cursor.h"
#include "gpu_queue.h"
#include "gpu_scanout.h"
#include "input.h"
#include "motion.h"
#include "panel.h"
#include "screen.h"
#include "serial.h"
#include "vbe.h"

struct head {
    bool on;
    struct mode mode;
    struct screen screen;
    uint32_t *picture;
    uint32_t *shown;  // a resource's memory, where it is not the picture itself
};

static struct head heads[GPU_MAXIMUM_HEADS];
static struct gpu_display asked[GPU_MAXIMUM_HEADS];  // what the host said last
static const struct options *options;
static bool has_vga, has_gpu, is_virtio;
static uint32_t cursor_head;

bool heads_are_virtio(void) { return is_virtio; }
bool heads_are_text(void) { return !is_virtio && vbe_is_text(); }
uint32_t heads_count(void) { return is_virtio ? gpu_head_count() : 1; }
bool heads_are_on(uint32_t head) { return heads[head].on; }
struct mode heads_mode(uint32_t head) { return heads[head].mode; }

bool heads_select(uint32_t head) {
    if (head >= heads_count() || !heads[head].on || heads_are_text()) return false;
    screen = &heads[head].screen;
    return true;
}

bool heads_next(uint32_t *at) {
    while (*at < heads_count())
        if (heads_select((*at)++)) return true;
    return false;
}

static void append_mode(struct line *line, struct mode mode) {
    line_decimal(line, mode.width);
    line_char(line, 'x');
    line_decimal(line, mode.height);
}

static void append_head(struct line *line, const char *word, uint32_t head) {
    line_clear(line);
    line_string(line, word);
    line_decimal(line, head);
    line_char(line, ' ');
}

void heads_tell(uint32_t head) {
    struct line line;
    append_head(&line, "head ", head);
    if (heads[head].on) {
        line_string(&line, "on ");
        append_mode(&line, heads[head].mode);
        const int32_t place[] = {heads[head].screen.x, heads[head].screen.y};
        for (int i = 0; i < 2; i++) {
            if (place[i] >= 0) line_char(&line, '+');
            line_signed(&line, place[i]);
        }
    } else {
        line_string(&line, "off");
    }
    serial_line(&line);
}

void heads_tell_edid(uint32_t head) {
    struct edid edid;
    struct line line;
    append_head(&line, "edid ", head);
    if (is_virtio && gpu_read_edid(head, &edid)) {
        append_mode(&line, edid.preferred);
        line_char(&line, '@');
        line_decimal(&line, edid.rate);
        line_char(&line, ' ');
        line_decimal(&line, edid.width_mm);
        line_char(&line, 'x');
        line_decimal(&line, edid.height_mm);
        line_string(&line, "mm ");
        line_string(&line, edid.name);
    } else {
        line_string(&line, "none");
    }
    serial_line(&line);
}

static void tell_refused(uint32_t head, struct mode mode) {
    struct line line;
    if (head == 0) {
        line_clear(&line);
        line_string(&line, "mode-refused ");
    } else {
        append_head(&line, "head ", head);
        line_string(&line, "refused ");
    }
    append_mode(&line, mode);
    serial_line(&line);
}

static void tell_mode(struct mode mode) {
    struct line line;
    line_clear(&line);
    line_string(&line, "mode ");
    append_mode(&line, mode);
    serial_line(&line);
}

void heads_tell_frame(void) {
    struct line line;
    line_clear(&line);
    line_string(&line, "frame ");
    line_decimal(&line, motion.frame);
    serial_line(&line);
}

static void draw_selected(void) {
    if (motion.kind != MOTION_FULL) {
        card_draw();
        panel_draw(true);
    }
    motion_draw();
    screen_place_pointer();
    screen_show((struct rectangle){0, 0, screen->width, screen->height});
}

static void release(struct head *head) {
    arena_give_back(head->picture);
    arena_give_back(head->shown);
    head->picture = head->shown = 0;
}

static bool take_picture(struct head *head, struct mode mode) {
    struct mode card = screen_card_size(mode);
    head->picture = arena_take((uint32_t)card.width * card.height);
    return head->picture;
}

// VGA has only widths that are a multiple of 8: for 1366x768 it gets 1360x768.
static bool place_on_vga(struct head *head, struct mode *mode) {
    struct framebuffer target;
    if (mode->width < MINIMUM_WIDTH || mode->height < MINIMUM_HEIGHT) return false;
    if (!take_picture(head, *mode)) return false;
    if (!vbe_set_mode(*mode, &target)) {
        mode->width &= (uint16_t)~7;
        if (!vbe_set_mode(*mode, &target)) return false;
    }
    screen_setup(0, *mode, head->picture, target);
    return true;
}

static bool place_on_gpu(struct head *head, uint32_t number, struct mode mode) {
    if (mode.width < GPU_MINIMUM_EXTENT || mode.height < GPU_MINIMUM_EXTENT ||
        mode.width > MAXIMUM_WIDTH || mode.height > MAXIMUM_HEIGHT)
        return false;
    if (!take_picture(head, mode)) return false;
    struct mode card = screen_card_size(mode);
    struct framebuffer target = {head->picture, mode.width};
    if (screen_draws_pointer || card.width != mode.width || card.height != mode.height) {
        head->shown = arena_take((uint32_t)mode.width * mode.height);
        if (!head->shown) return false;
        target.pixels = head->shown;
    }
    if (!gpu_scanout_create(number, mode, (uint32_t *)target.pixels)) return false;
    screen_setup(number, mode, head->picture, target);
    return true;
}

static bool place(uint32_t number, struct mode *mode) {
    struct head *head = &heads[number];
    screen = &head->screen;
    if (is_virtio ? place_on_gpu(head, number, *mode) : place_on_vga(head, mode)) return true;
    release(head);
    return false;
}

bool heads_set(uint32_t number, struct mode wanted) {
    struct head *head = &heads[number];
    struct mode mode = wanted;
    // The old picture stays, but its memory is free for the new one.
    if (is_virtio) gpu_scanout_detach(number);
    release(head);
    bool done = place(number, &mode);
    if (!done || mode.width != wanted.width) tell_refused(number, wanted);
    if (!done) {
        mode = head->mode;
        if (!head->on || !place(number, &mode)) return false;
    }
    head->on = true;
    head->mode = mode;
    if (number == input.head) input_centre(mode.width, mode.height);
    draw_selected();
    if (is_virtio) {
        screen->damage.count = 0;
        gpu_scanout_transfer(number, (struct rectangle){0, 0, mode.width, mode.height});
        gpu_scanout_show(number);
    }
    if (number == input.head && input.packets) heads_show_pointer();
    if (number == 0) tell_mode(mode);
    heads_tell(number);
    if (number == 0) heads_tell_frame();
    return done;
}

void heads_off(uint32_t number) {
    struct head *head = &heads[number];
    if (!is_virtio || !head->on) return;
    gpu_scanout_off(number);
    release(head);
    head->on = false;
    if (input.head == number) input.head = 0;
    heads_tell(number);
}

void heads_draw(void) {
    for (uint32_t at = 0; heads_next(&at);) draw_selected();
}

void heads_show_pointer(void) {
    if (screen_draws_pointer) {
        for (uint32_t at = 0; heads_next(&at);) screen_move_pointer();
        return;
    }
    if (cursor_head != input.head || input.packets == 0) gpu_cursor_hide(cursor_head);
    cursor_head = input.head;
    if (input.packets) gpu_cursor_move(input.head, input.x, input.y);
}

void heads_flush(void) {
    for (uint32_t at = 0; heads_next(&at);) {
        struct damage *damage = &screen->damage;
        if (is_virtio && options->flushes_boxes) damage_merge(damage);
        for (uint32_t i = 0; is_virtio && i < damage->count; i++) {
            gpu_scanout_transfer(screen->head, damage->areas[i]);
            gpu_scanout_flush(screen->head, damage->areas[i]);
        }
        damage->count = 0;
    }
    if (is_virtio) gpu_finish();
}

static void move(uint32_t number) {
    struct screen *moved = &heads[number].screen;
    moved->x = asked[number].x;
    moved->y = asked[number].y;
}

static void follow(uint32_t number, const struct gpu_display *old) {
    const struct gpu_display *new = &asked[number];
    bool resized = new->mode.width != old->mode.width || new->mode.height != old->mode.height;
    bool moved = new->x != old->x || new->y != old->y;
    if (new->on == old->on && !resized && !moved) return;
    move(number);
    if (!new->on) {
        heads_off(number);
    } else if (!heads[number].on || (resized && options->resizing != RESIZE_NEVER)) {
        heads_set(number, options->resizing == RESIZE_NEVER ? options->mode : new->mode);
    } else if (moved) {
        screen = &heads[number].screen;
        panel_place();
        heads_flush();
        heads_tell(number);
    }
    if (new->on) heads_tell_edid(number);
}

void heads_follow_host(void) {
    if (!is_virtio || !gpu_take_event()) return;
    struct gpu_display old[GPU_MAXIMUM_HEADS];
    for (uint32_t i = 0; i < GPU_MAXIMUM_HEADS; i++) old[i] = asked[i];
    gpu_read_displays(asked);
    for (uint32_t i = 0; i < heads_count(); i++) follow(i, &old[i]);
}

static bool start_gpu(void) {
    if (!has_gpu || !gpu_start(GPU_HAS_EDID | (options->uses_3d ? GPU_HAS_VIRGL : 0))) return false;
    bool is_3d = options->uses_3d && gpu_features() & GPU_HAS_VIRGL;
    if (options->uses_3d && !is_3d) serial_word("3d refused");
    is_virtio = true;
    screen_draws_pointer = options->draws_pointer;
    gpu_scanout_setup(!is_3d                 ? GPU_RESOURCES_2D
                      : options->has_y_0_top ? GPU_RESOURCES_3D_Y_0_TOP
                                             : GPU_RESOURCES_3D);
    gpu_cursor_setup();
    return true;
}

static void set_gpu_heads(void) {
    gpu_take_event();
    gpu_read_displays(asked);
    for (uint32_t i = 0; i < heads_count(); i++) {
        if (!asked[i].on) continue;
        bool is_given = i == 0 ? options->resizing != RESIZE_HOST : options->resizing == RESIZE_NEVER;
        // After a switch of displays the size stays.
        struct mode mode = heads[i].mode.width ? heads[i].mode
                           : is_given          ? options->mode
                                               : asked[i].mode;
        move(i);
        heads_set(i, mode);
        heads_tell_edid(i);
    }
}

static void forget_heads(void) {
    for (uint32_t i = 0; i < GPU_MAXIMUM_HEADS; i++) {
        release(&heads[i]);
        heads[i] = (struct head){.mode = heads[i].mode};
    }
    input.head = cursor_head = 0;
}

static void set_vga_head(void) {
    is_virtio = false;
    screen_draws_pointer = true;
    if (heads_set(0, heads[0].mode.width ? heads[0].mode : options->mode) ||
        heads_set(0, (struct mode){1280, 720}))
        return;
    heads_set(0, (struct mode){MINIMUM_WIDTH, MINIMUM_HEIGHT});
}

bool heads_switch(bool to_virtio) {
    if (to_virtio == is_virtio || !(to_virtio ? has_gpu : has_vga)) return false;
    if (is_virtio) gpu_stop();
    forget_heads();
    if (to_virtio) {
        if (!start_gpu()) return false;
        set_gpu_heads();
    } else {
        set_vga_head();
    }
    serial_word(is_virtio ? "display virtio" : "display vga");
    return true;
}

bool heads_setup(const struct options *given) {
    options = given;
    has_vga = vbe_setup();
    has_gpu = gpu_find();
    if (!(options->vga && has_vga) && start_gpu()) {
        serial_word("display virtio");
        set_gpu_heads();
    } else if (has_vga) {
        serial_word("display vga");
        set_vga_head();
    }
    return is_virtio || heads[0].on;
}
