# fqt as a part of a firmware that is built with CMake:  USER_C_MODULES=/path/to/fqt/natmod/micropython.cmake
# (docs/firmware.md)
add_library(usermod_fqt INTERFACE)
target_sources(usermod_fqt INTERFACE ${CMAKE_CURRENT_LIST_DIR}/usermod/fqt_usermod.c)
target_link_libraries(usermod INTERFACE usermod_fqt)
