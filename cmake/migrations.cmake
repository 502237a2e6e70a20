# Writes the header that holds a slice's migrations, in the order of their file names (0001_..., 0002_...).
string(REPLACE "|" ";" inputs "${INPUTS}")
list(SORT inputs)
set(entries "")
set(number 0)
foreach(input ${inputs})
  math(EXPR number "${number} + 1")
  get_filename_component(stem ${input} NAME_WE)
  file(READ ${input} sql)
  string(APPEND entries "    {\"${SLICE}\", ${number}, \"${stem}\", R\"sql(${sql})sql\"},\n")
endforeach()
file(WRITE ${OUTPUT}
     "#pragma once\n#include \"platform/db/db.h\"\nnamespace handschlag::embedded {\n"
     "inline constexpr db::Migration ${SLICE}_migrations[] = {\n${entries}};\n}  // namespace handschlag::embedded\n")
