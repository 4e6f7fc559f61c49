#include "CShimsSDL.h"

#include <SDL.h>

// More steps than windows take between two turns of the loop; older ones are forgotten.
enum { STEPS = 64 };

static struct {
    uint32_t window;
    int x, y;
} steps[STEPS];
static unsigned first_step, next_step;

static int note(void *data, SDL_Event *event)
{
    (void)data;
    if (event->type == SDL_WINDOWEVENT && event->window.event == SDL_WINDOWEVENT_MOVED) {
        if (next_step - first_step == STEPS)
            first_step++;
        steps[next_step % STEPS].window = event->window.windowID;
        steps[next_step % STEPS].x = event->window.data1;
        steps[next_step % STEPS].y = event->window.data2;
        next_step++;
    }
    return 0;
}

void swiftvm_sdl_watch_moves(void)
{
    SDL_AddEventWatch(note, NULL);
}

bool swiftvm_sdl_next_move(uint32_t *window, int *x, int *y)
{
    if (first_step == next_step)
        return false;
    *window = steps[first_step % STEPS].window;
    *x = steps[first_step % STEPS].x;
    *y = steps[first_step % STEPS].y;
    first_step++;
    return true;
}
