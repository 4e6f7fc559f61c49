// The test card: everything that neither moves nor answers.
#pragma once

// Draws the card into the picture, without frame number, panel and lane.
void card_draw(void);
