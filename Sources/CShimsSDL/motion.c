// A relative mouse's motion on X11, as XInput 2 has it.
#include "CShimsSDL.h"

#include <X11/Xlib.h>
#include <X11/extensions/XInput2.h>
#include <stdlib.h>

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

struct swiftvm_sdl_motion {
    Display *display;
    int opcode;
};

static void ended(Display *display, void *data)
{
    // The same server's end is noted on SDL's connection.
    (void)display;
    (void)data;
}

swiftvm_sdl_motion *swiftvm_sdl_motion_open(void *sdl)
{
    Display *display = XOpenDisplay(DisplayString((Display *)sdl));
    if (!display)
        return NULL;
    XSetIOErrorExitHandler(display, ended, NULL);
    int first_event, first_error, major = 2, minor = 2;
    swiftvm_sdl_motion *motion = calloc(1, sizeof *motion);
    // From 2.1 on, motion is told beside another client's grab.
    if (!motion ||
        !XQueryExtension(display, "XInputExtension", &motion->opcode, &first_event, &first_error) ||
        XIQueryVersion(display, &major, &minor) != Success || major < 2 ||
        (major == 2 && minor < 1)) {
        free(motion);
        XCloseDisplay(display);
        return NULL;
    }
    motion->display = display;
    return motion;
}

int swiftvm_sdl_motion_descriptor(const swiftvm_sdl_motion *motion)
{
    return ConnectionNumber(motion->display);
}

static void drain(swiftvm_sdl_motion *motion)
{
    XEvent event;
    while (XPending(motion->display) > 0)
        XNextEvent(motion->display, &event);
}

void swiftvm_sdl_motion_set(swiftvm_sdl_motion *motion, bool on)
{
    unsigned char mask[XIMaskLen(XI_LASTEVENT)] = {0};
    if (on)
        XISetMask(mask, XI_RawMotion);
    XIEventMask selection = {
        .deviceid = XIAllMasterDevices, .mask_len = sizeof mask, .mask = mask};
    XISelectEvents(motion->display, DefaultRootWindow(motion->display), &selection, 1);
    XSync(motion->display, False);
    if (!on)
        drain(motion);
    // Where an absolute device is meanwhile is no motion.
    for (int i = 0; i < device_count; i++)
        devices[i].has_last = false;
}

// What a motion is in counts; false when it is none.
static bool read_motion(Display *display, const XIRawEvent *raw, double *dx, double *dy)
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
    *dx = motion[0];
    *dy = motion[1];
    return motion[0] != 0 || motion[1] != 0;
}

bool swiftvm_sdl_motion_next(swiftvm_sdl_motion *motion, double *dx, double *dy)
{
    while (XPending(motion->display) > 0) {
        XEvent event;
        XNextEvent(motion->display, &event);
        XGenericEventCookie *cookie = &event.xcookie;
        if (cookie->type != GenericEvent || cookie->extension != motion->opcode ||
            !XGetEventData(motion->display, cookie))
            continue;
        bool is_motion = cookie->evtype == XI_RawMotion &&
                         read_motion(motion->display, cookie->data, dx, dy);
        XFreeEventData(motion->display, cookie);
        if (is_motion)
            return true;
    }
    return false;
}
