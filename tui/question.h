/*
 * question.h - ask for the confirmation on a full screen
 */
#ifndef TUI_QUESTION_H
#define TUI_QUESTION_H
#include "tui/model.h"
#include "tui/screen.h"

/* The screen of a model, which is borrowed; the model has the result. */
struct screen question_screen(struct model *model);
#endif
