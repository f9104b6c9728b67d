/* A relay board on libmodbus, which we did not write: 8 coils, 8 discrete inputs, one caller.
 *
 * Arguments: "tcp", or the path of a serial port for RTU at 115200 baud. Prints its port once it
 * listens, then each coil that changes; coil 7 is wired to input 7.
 */
#include <errno.h>
#include <modbus.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <unistd.h>

static void serve(modbus_t *context, modbus_mapping_t *map) {
    uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH], before[8];
    for (;;) {
        int length = modbus_receive(context, query);
        if (length == -1) return;
        if (length == 0) continue;
        memcpy(before, map->tab_bits, sizeof before);
        map->tab_input_bits[7] = map->tab_bits[7];
        if (modbus_reply(context, query, length, map) == -1) return;
        map->tab_input_bits[7] = map->tab_bits[7];
        for (int n = 0; n < 8; n++)
            if (map->tab_bits[n] != before[n]) {
                printf("coil %d %s\n", n, map->tab_bits[n] ? "on" : "off");
                fflush(stdout);
            }
    }
}

int main(int count, char **arguments) {
    if (count < 2) return 2;
    modbus_mapping_t *map = modbus_mapping_new(8, 8, 0, 0);
    if (map == NULL) return 1;
    if (strcmp(arguments[1], "tcp") != 0) {
        modbus_t *context = modbus_new_rtu(arguments[1], 115200, 'N', 8, 1);
        if (context == NULL || modbus_set_slave(context, 1) == -1) return 1;
        if (modbus_connect(context) == -1) { perror("connect"); return 1; }
        printf("ready\n");
        fflush(stdout);
        serve(context, map);
        return 0;
    }
    modbus_t *context = modbus_new_tcp("127.0.0.1", 0);
    int listening = modbus_tcp_listen(context, 1);
    if (listening == -1) { perror("listen"); return 1; }
    struct sockaddr_in name;
    socklen_t size = sizeof name;
    if (getsockname(listening, (struct sockaddr *) &name, &size) == -1) return 1;
    printf("%d\n", ntohs(name.sin_port));
    fflush(stdout);
    while (modbus_tcp_accept(context, &listening) != -1) {
        serve(context, map);
        modbus_close(context);
    }
    return 0;
}
