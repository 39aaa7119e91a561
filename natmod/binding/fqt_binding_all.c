// The whole binding, and with it the core, as one translation unit: see fqt_core_all.c.
#include "fqt_engine.h"
#include "fqt_objects.c"
#include "fqt_guard.c"
#include "fqt_streams.c"
#include "fqt_arguments.c"
#include "fqt_run.c"
#include "fqt_settings.c"
#include "fqt_attributes.c"
#include "fqt_functions.c"
#ifdef FQT_PROFILE
#include "fqt_profile.c"
#endif
#include "fqt_types.c"
