/*
** target.c: a copy of a DriverTarget in one block of memory, kept while a TLS session is open so
** that a cancel can open a second one (see cancel.c). It holds the password: pg_target_free wipes it.
*/
#include "postgresql.h"
#include <string.h>

typedef struct TargetCopy {
  DriverTarget target; /* must be first */
  size_t size;
} TargetCopy;

void pg_wipe(void *memory, size_t size) {
  volatile unsigned char *at = memory;
  while (size-- > 0)
    *at++ = 0;
}

/* Every text of the target, so that measuring and copying cannot disagree. */
#define TARGET_TEXTS 11
static void target_texts(DriverTarget *target, const char **texts[TARGET_TEXTS]) {
  const char **all[TARGET_TEXTS] = {&target->block,
                                    &target->application_name,
                                    &target->database,
                                    &target->username,
                                    &target->password,
                                    &target->tls_ca,
                                    &target->tls_cert,
                                    &target->tls_key,
                                    &target->numeric,
                                    &target->timestamp,
                                    NULL};
  memcpy(texts, all, sizeof(all));
}

static size_t text_size(const char *text) {
  return text != NULL ? strlen(text) + 1 : 0;
}

static const char *text_copy(char **memory, const char *text) {
  if (text == NULL) return NULL;
  size_t size = text_size(text);
  char *copy = memcpy(*memory, text, size);
  *memory += size;
  return copy;
}

DriverTarget *pg_target_copy(const DriverTarget *target, const DriverHost *host) {
  DriverTarget original = *target;
  const char **texts[TARGET_TEXTS];
  size_t size = sizeof(TargetCopy) + target->address_count * sizeof(DriverAddress) +
                target->setting_count * sizeof(DriverSetting);
  target_texts(&original, texts);
  for (int i = 0; texts[i] != NULL; i++)
    size += text_size(*texts[i]);
  for (size_t i = 0; i < target->address_count; i++)
    size += text_size(target->addresses[i].host);
  for (size_t i = 0; i < target->setting_count; i++) {
    size += text_size(target->settings[i].key) + text_size(target->settings[i].value);
  }
  TargetCopy *copy = host->allocate(size);
  if (copy == NULL) return NULL;
  DriverAddress *addresses = (DriverAddress *)(copy + 1);
  DriverSetting *settings = (DriverSetting *)(addresses + target->address_count);
  char *memory = (char *)(settings + target->setting_count);
  copy->target = original;
  copy->size = size;
  target_texts(&copy->target, texts);
  for (int i = 0; texts[i] != NULL; i++)
    *texts[i] = text_copy(&memory, *texts[i]);
  for (size_t i = 0; i < target->address_count; i++) {
    addresses[i].host = text_copy(&memory, target->addresses[i].host);
    addresses[i].port = target->addresses[i].port;
  }
  for (size_t i = 0; i < target->setting_count; i++) {
    settings[i].key = text_copy(&memory, target->settings[i].key);
    settings[i].value = text_copy(&memory, target->settings[i].value);
  }
  copy->target.addresses = addresses;
  copy->target.settings = settings;
  return &copy->target;
}

void pg_target_free(DriverTarget *target, const DriverHost *host) {
  if (target == NULL) return;
  TargetCopy *copy = (TargetCopy *)target;
  pg_wipe(copy, copy->size);
  host->release(copy);
}
