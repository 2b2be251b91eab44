/*
** secret.h: where a password is when it is not in the block: password_from.
**
** Every secret is given as text that the caller frees with text_free (text.h), which wipes it.
*/
#ifndef CONNECTOR_SECRET_H
#define CONNECTOR_SECRET_H

#include "address.h"
#include "block.h"

#define SECRET_LONGEST 65536 /* bytes of a secret, and of a file of secrets that is read */

/* Is this a form of password_from? Reads nothing. */
int secret_reference_check(const char *reference, Error *error);
/* Reads the password that block->password_from names. *secret NULL: there is none for this place. */
int secret_resolve(Connector *connector, const Block *block, const AddressList *addresses,
                   char **secret, Error *error);
/* Asks on the terminal, without echo. */
int secret_ask(Connector *connector, const Block *block, char **secret, Error *error);

typedef enum SecretLink { SECRET_NO_LINK, SECRET_FOLLOW_LINK } SecretLink;
/* A whole file that only its owner (we, or root) may read: anything else is an error with the line to
** type. A file that is not there: SQLITE_NOTFOUND. */
int secret_read_file(const char *path, SecretLink link, char **text, size_t *size, Error *error);
/* The same where it is a text, through no link, and has to be there. */
int secret_read_text(const char *path, char **text, Error *error);
/* Cuts the text after its first line; no line end stays. */
void secret_first_line(char *text);

/* The single sources; secret_resolve calls them. */
int secret_command(Connector *connector, const char *command, char **secret, Error *error);
int secret_pgpass(const Block *block, const AddressList *addresses, char **secret, Error *error);
int secret_my_cnf(const Block *block, char **secret, Error *error);

#endif
