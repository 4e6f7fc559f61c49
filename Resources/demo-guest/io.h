// Port input and output, and the few instructions that C has no words for.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline uint8_t inb(uint16_t port) {
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline void outb(uint16_t port, uint8_t value) {
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint16_t inw(uint16_t port) {
    uint16_t value;
    __asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline void outw(uint16_t port, uint16_t value) {
    __asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint32_t inl(uint16_t port) {
    uint32_t value;
    __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline void outl(uint16_t port, uint32_t value) {
    __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

static inline void interrupts_off(void) { __asm__ volatile("cli" : : : "memory"); }
static inline void interrupts_on(void) { __asm__ volatile("sti" : : : "memory"); }

// Sleeps until the next interrupt. `sti` takes effect after `hlt` began, so none is missed.
static inline void interrupts_on_and_wait(void) { __asm__ volatile("sti; hlt" : : : "memory"); }

// Copies whole pixels. Under emulation sixteen plain moves a turn take a fraction of what `rep movsl` does, which goes through the
// emulator's loop for each.
static inline void copy_pixels(uint32_t *to, const uint32_t *from, uint32_t count) {
    for (; count >= 16; count -= 16, to += 16, from += 16)
#pragma clang loop unroll(full)
        for (uint32_t i = 0; i < 16; i++) to[i] = from[i];
    for (; count > 0; count--) *to++ = *from++;
}

static inline void fill_pixels(uint32_t *to, uint32_t pixel, uint32_t count) {
    __asm__ volatile("rep stosl" : "+D"(to), "+c"(count) : "a"(pixel) : "memory");
}
