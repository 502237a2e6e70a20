# Writes a header that holds one file's text as a string_view named NAME in handschlag::embedded.
file(READ ${INPUT} hex HEX)
string(LENGTH "${hex}" digits)
math(EXPR size "${digits} / 2")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${hex}")
file(WRITE ${OUTPUT}
     "#pragma once\n#include <string_view>\nnamespace handschlag::embedded {\n"
     "inline constexpr char ${NAME}_bytes[] = {${bytes}'\\0'};\n"
     "inline constexpr std::string_view ${NAME}{${NAME}_bytes, ${size}};\n}  // namespace handschlag::embedded\n")
