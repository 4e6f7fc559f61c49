/* The Multiboot 1 header and the first instructions: our own segments, a stack, then main. */

#define MULTIBOOT_MAGIC 0x1BADB002
#define MULTIBOOT_FLAGS 0x00000002 /* we want the memory sizes */

    .section .multiboot, "ax"
    .balign 4
    .long MULTIBOOT_MAGIC
    .long MULTIBOOT_FLAGS
    .long -(MULTIBOOT_MAGIC + MULTIBOOT_FLAGS)

    .text
    .globl start
start:
    cli
    cld
    lgdt gdt_register
    ljmp $0x08, $1f
1:  movw $0x10, %cx
    movw %cx, %ds
    movw %cx, %es
    movw %cx, %fs
    movw %cx, %gs
    movw %cx, %ss
    movl $stack_top, %esp
    xorl %ebp, %ebp
    pushl %ebx              /* struct multiboot_info * */
    pushl %eax              /* the loader's magic number */
    call guest_main
2:  cli
    hlt
    jmp 2b

    .section .rodata
    .balign 8
gdt:
    .quad 0
    .quad 0x00CF9A000000FFFF /* 0x08: code, flat */
    .quad 0x00CF92000000FFFF /* 0x10: data, flat */
gdt_register:
    .word gdt_register - gdt - 1
    .long gdt

    .bss
    .balign 16
stack:
    .skip 16384
stack_top:
