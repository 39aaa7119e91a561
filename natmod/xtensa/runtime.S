// What GCC calls for arithmetic of 64 bits and for division, with the ABI of register windows: Debian's libgcc has the
// other one (call0), whose functions return to a wrong place when they are called from a module. Arguments come in a2
// to a5, results go out in a2 and a3; 64 bits have their lower word first.

    .macro function name
    .text
    .align 4
    .global \name
    .type \name, @function
\name:
    entry a1, 32
    .endm

    .macro end name
    retw
    .size \name, . - \name
    .endm

    function __muldi3
    mull a6, a3, a4
    mull a7, a2, a5
    muluh a3, a2, a4
    add a6, a6, a7
    mull a2, a2, a4
    add a3, a3, a6
    end __muldi3

    function __ashldi3
    ssl a4
    bgeui a4, 32, 1f
    src a3, a3, a2
    sll a2, a2
    retw
1:  sll a3, a2
    movi a2, 0
    end __ashldi3

    function __ashrdi3
    ssr a4
    bgeui a4, 32, 1f
    src a2, a3, a2
    sra a3, a3
    retw
1:  sra a2, a3
    srai a3, a3, 31
    end __ashrdi3

    function __lshrdi3
    ssr a4
    bgeui a4, 32, 1f
    src a2, a3, a2
    srl a3, a3
    retw
1:  srl a2, a3
    movi a3, 0
    end __lshrdi3

    function __divsi3
    quos a2, a2, a3
    end __divsi3

    function __udivsi3
    quou a2, a2, a3
    end __udivsi3

    function __modsi3
    rems a2, a2, a3
    end __modsi3

    function __umodsi3
    remu a2, a2, a3
    end __umodsi3
