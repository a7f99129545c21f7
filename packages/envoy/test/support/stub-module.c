// A dynamic module that shows what it is configured with and passes everything through.
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

typedef struct {
  const char *data;
  size_t length;
} Buffer;

static const int something = 0;

const char *envoy_dynamic_module_on_program_init(void) { return "v0.2.0"; }

const void *envoy_dynamic_module_on_network_filter_config_new(void *config, Buffer name, Buffer text) {
  fprintf(stderr, "filter %.*s\n%.*s\nend of filter\n", (int)name.length, name.data, (int)text.length, text.data);
  return &something;
}
void envoy_dynamic_module_on_network_filter_config_destroy(const void *config) {}
const void *envoy_dynamic_module_on_network_filter_new(const void *config, void *filter) { return &something; }
int envoy_dynamic_module_on_network_filter_new_connection(void *filter, const void *own) { return 0; }
int envoy_dynamic_module_on_network_filter_read(void *filter, const void *own, size_t length, bool end) { return 0; }
int envoy_dynamic_module_on_network_filter_write(void *filter, const void *own, size_t length, bool end) { return 0; }
void envoy_dynamic_module_on_network_filter_event(void *filter, const void *own, int event) {}
void envoy_dynamic_module_on_network_filter_destroy(const void *own) {}
