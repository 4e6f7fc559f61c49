// What GTK says in macros, casts and varargs, for Swift.
#ifndef SWIFTVM_CSHIMSGTK_H
#define SWIFTVM_CSHIMSGTK_H
#include <gtk/gtk.h>
#endif
