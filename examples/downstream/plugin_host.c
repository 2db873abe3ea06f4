/* A C program that does not link metaconv. Loads the plugin with dlopen and calls it: plugin_host PLUGIN */

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

typedef int (*convert_example_function)(char* text, size_t size);

int main(int argc, char** argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: %s PLUGIN\n", argv[0]);
    return 2;
  }
  void* plugin = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
  if (plugin == NULL) {
    fprintf(stderr, "%s\n", dlerror());
    return 1;
  }
  convert_example_function convert_example = (convert_example_function)dlsym(plugin, "convert_example");
  if (convert_example == NULL) {
    fprintf(stderr, "%s\n", dlerror());
    return 1;
  }
  char text[256];
  const int failed = convert_example(text, sizeof(text));
  printf("%s\n", text);
  return failed || strcmp(text, "[3, 2] on meta") != 0;
}
