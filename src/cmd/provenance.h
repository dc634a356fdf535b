/* The role of "postern provenance": see inspect/provenance_role.h; its socket is descriptor 3. */
#ifndef POSTERN_CMD_PROVENANCE_H
#define POSTERN_CMD_PROVENANCE_H

int provenance_role_main(void);

#endif
