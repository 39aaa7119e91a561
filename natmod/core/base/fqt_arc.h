// Which parameters have a dither in an arc of all numbers, found without looking at the others. Dithers are the
// multiples of one number, modulo 2^32 (fqt_random.h): a rotation of a circle. One that is in an arc comes back to it
// in one of two ways, `ahead` of where it was or `back`, if the arc is as long as both together (the three-distance
// theorem; such arcs, longest first, are those of Euclid's algorithm). So the next parameter is found by one comparison
// and two additions, and work follows the length of the arc: rounding changes only weights whose dither is within a
// step of 0. Each of these arcs is 0.62 of the one before, down to 2^16, as the rotation is the golden ratio.
#ifndef FQT_ARC_H
#define FQT_ARC_H

#include "fqt_random.h"
#include "fqt_target.h"

typedef struct {
    uint32_t index; // of a parameter in the arc
    uint32_t place; // of its dither, from the arc's start
    uint32_t ahead; // the way to the next one, where that is ahead,
    uint32_t ahead_indices; // and by how many parameters it follows
    uint32_t back; // the same where it is back: from this place on
    uint32_t back_indices;
} fqt_arc_t;

// The first parameter in an arc that takes in the next `length` (not 0, at most 2^31) places, and less than as many
// more. place: of the dither of parameter 0, from the arc's start, modulo 2^32.
FQT_INLINE fqt_arc_t fqt_arc(uint32_t place, uint32_t length) {
    fqt_arc_t arc = {0, place, FQT_DITHER_STEP, 1, 0 - FQT_DITHER_STEP, 1};
    for (;;) {
        const uint32_t shorter = arc.ahead > arc.back ? arc.ahead : arc.back;
        if (shorter < length) {
            return arc;
        }
        if (arc.place >= shorter) {
            arc.place -= arc.back;
            arc.index += arc.back_indices;
        }
        if (arc.ahead > arc.back) {
            arc.ahead -= arc.back;
            arc.ahead_indices += arc.back_indices;
        } else {
            arc.back -= arc.ahead;
            arc.back_indices += arc.ahead_indices;
        }
    }
}

FQT_INLINE void fqt_arc_next(fqt_arc_t *arc) {
    if (arc->place < arc->back) {
        arc->place += arc->ahead;
        arc->index += arc->ahead_indices;
    } else {
        arc->place -= arc->back;
        arc->index += arc->back_indices;
    }
}

#endif
