// A relative mouse's motion on X11, as XInput 2 has it.
#include "CShimsSDL.h"

#include <SDL.h>
#include <SDL_syswm.h>

#include <X11/Xlib.h>
#include <X11/extensions/XInput2.h>
#include <math.h>

static struct {
    int opcode;
    uint32_t event;
    bool is_on;
} state;

// The first two axes of the devices that motion came from lately; a mouse that is used is the first.
typedef struct {
    int id;
    bool is_relative[2];
    double scale[2], last[2];
    bool has_last;
} device;

#define DEVICES 16
static device devices[DEVICES];
static int device_count;

static device *find(Display *display, int id)
{
    for (int i = 0; i < device_count; i++)
        if (devices[i].id == id)
            return &devices[i];
    if (device_count == DEVICES)
        device_count = 0;
    device *found = &devices[device_count++];
    *found = (device){.id = id, .is_relative = {true, true}, .scale = {1, 1}};
    int count = 0;
    XIDeviceInfo *info = XIQueryDevice(display, id, &count);
    if (!info)
        return found;
    int screen = DefaultScreen(display);
    for (int i = 0; i < info->num_classes; i++) {
        const XIValuatorClassInfo *axis = (const XIValuatorClassInfo *)info->classes[i];
        if (axis->type != XIValuatorClass || axis->number > 1)
            continue;
        int extent =
            axis->number == 0 ? DisplayWidth(display, screen) : DisplayHeight(display, screen);
        found->is_relative[axis->number] = axis->mode == XIModeRelative;
        if (axis->mode != XIModeRelative && axis->max > axis->min)
            found->scale[axis->number] = extent / (axis->max - axis->min + 1);
    }
    XIFreeDeviceInfo(info);
    return found;
}

// 1/256 counts: what a pointer of 32 bits holds too.
static void *pack(double count)
{
    double parts = count * 256;
    if (!(parts > -1e9))
        parts = -1e9;
    if (parts > 1e9)
        parts = 1e9;
    return (void *)(intptr_t)lround(parts);
}

double swiftvm_sdl_count(void *data)
{
    return (double)(intptr_t)data / 256;
}

static void push(Display *display, const XIRawEvent *raw)
{
    device *from = find(display, raw->sourceid);
    double motion[2] = {0, 0};
    const double *value = raw->raw_values;
    for (int axis = 0; axis < 2 && axis / 8 < raw->valuators.mask_len; axis++) {
        if (!XIMaskIsSet(raw->valuators.mask, axis))
            continue;
        if (from->is_relative[axis]) {
            motion[axis] = *value;
        } else {
            if (from->has_last)
                motion[axis] = (*value - from->last[axis]) * from->scale[axis];
            from->last[axis] = *value;
        }
        value++;
    }
    from->has_last = true;
    if (!state.is_on || (motion[0] == 0 && motion[1] == 0))
        return;
    SDL_Event event = {.user = {.type = state.event}};
    event.user.data1 = pack(motion[0]);
    event.user.data2 = pack(motion[1]);
    SDL_PushEvent(&event);
}

// SDL's word for each X11 event, which nobody else wants.
static int filter(void *data, SDL_Event *event)
{
    (void)data;
    if (event->type != SDL_SYSWMEVENT)
        return 1;
    if (!event->syswm.msg || event->syswm.msg->subsystem != SDL_SYSWM_X11)
        return 0;
    const XEvent *x11 = &event->syswm.msg->msg.x11.event;
    // The cookie's data is valid during this call, by SDL's own word.
    if (x11->type == GenericEvent && x11->xcookie.extension == state.opcode &&
        x11->xcookie.evtype == XI_RawMotion && x11->xcookie.data)
        push(x11->xcookie.display, x11->xcookie.data);
    return 0;
}

bool swiftvm_sdl_watch_raw_motion(void *display, uint32_t event)
{
    int first_event, first_error;
    if (!XQueryExtension(display, "XInputExtension", &state.opcode, &first_event, &first_error))
        return false;
    // SDL has told the server of XInput 2.2, and asked for raw motion; a second word would be an error.
    state.event = event;
    SDL_EventState(SDL_SYSWMEVENT, SDL_ENABLE);
    SDL_SetEventFilter(filter, NULL);
    return true;
}

void swiftvm_sdl_set_raw_motion(bool on)
{
    state.is_on = on;
}
